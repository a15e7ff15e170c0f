/** The artifact whose lineage is shown, and the way that led to it. */
import * as z from "zod/mini";
import { inAddress } from "../../../shared/in-address.ts";

/** Steps that the address holds: enough to find the way back. */
export const MAX_TRAIL = 12;

export const lineageSearch = z.object({
  artifact: inAddress(z.string()),
  /** A bead instead of an artifact: the lineage of what it made last is shown. */
  bead: inAddress(z.string()),
  /** Ids of the artifacts that were looked at before, the first first. */
  trail: inAddress(z.array(z.string()).check(z.maxLength(MAX_TRAIL))),
});
