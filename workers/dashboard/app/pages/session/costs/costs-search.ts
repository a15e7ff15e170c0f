/** By what costs are put together, and what of them is compared. */
import * as z from "zod/mini";
import { inAddress } from "../../../shared/in-address.ts";

/** What model calls are put together by. */
export const DIMENSIONS = ["bead", "team", "model", "purpose", "alias"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** What of model calls is compared. */
export const MEASURES = ["cost", "calls", "input", "output", "time"] as const;
export type Measure = (typeof MEASURES)[number];

export const costsSearch = z.object({
  by: inAddress(z.enum(DIMENSIONS)),
  of: inAddress(z.enum(MEASURES)),
});
