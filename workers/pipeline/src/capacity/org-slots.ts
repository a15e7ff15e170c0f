/** The bound of an org, as the environment states it. */
import { FactoryError } from "@factory/schemas";

/** Slots of an org unless ORG_SLOTS says otherwise: four runs of the usual size side by side. */
export const DEFAULT_ORG_SLOTS = 16;

/**
 * Reads ORG_SLOTS; empty means the default.
 *
 * @throws FactoryError INTERNAL for what is no number from 1 on: no slots would strand every run, any would share without a bound.
 */
export function slotsOfOrg(text: string | undefined): number {
  const trimmed = (text ?? "").trim();
  if (trimmed === "") return DEFAULT_ORG_SLOTS;
  const slots = Number(trimmed);
  if (!Number.isSafeInteger(slots) || slots < 1) throw new FactoryError("INTERNAL", `ORG_SLOTS is ${JSON.stringify(text)}; it has to be a number from 1 on.`);
  return slots;
}
