/** How much better a run did on examples it was shown than on hidden ones. */
import * as z from "zod/mini";

const rate = z.number();

const details = z.object({
  overfit: z.optional(
    z.object({
      gap: z.nullable(rate),
      holdoutRate: z.nullable(rate),
      visibleRate: z.nullable(rate),
      interval: z.optional(z.nullable(z.object({ low: rate, high: rate }))),
    }),
  ),
});

/** Shares from 0 to 1; null where there was nothing to take a share of. `interval` is the 95 % interval of the hidden share. */
export type Overfit = {
  readonly gap: number | null;
  readonly holdoutRate: number | null;
  readonly visibleRate: number | null;
  readonly interval: { readonly low: number; readonly high: number } | null;
};

/** The overfit of an acceptance report's details; null where the report does not tell it. */
export function overfitOf(reportDetails: unknown): Overfit | null {
  const parsed = details.safeParse(reportDetails);
  if (!parsed.success || parsed.data.overfit === undefined) return null;
  const { gap, holdoutRate, visibleRate, interval = null } = parsed.data.overfit;
  return { gap, holdoutRate, visibleRate, interval };
}

/** A share as per cent. */
export const percentText = (share: number): string => `${Math.round(share * 100)} %`;
