/** How checks are put together, and which are shown. */
import * as z from "zod/mini";
import { inAddress } from "../../../shared/in-address.ts";

export const checksSearch = z.object({
  by: inAddress(z.enum(["bead", "claim"])),
  only: inAddress(z.array(z.enum(["failed", "holdout"]))),
});

/** A narrowing of the checks. */
export type ChecksOnly = NonNullable<z.infer<typeof checksSearch>["only"]>[number];
