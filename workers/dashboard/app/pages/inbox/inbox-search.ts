/** Which reviews are listed, and the one that is open beside the list. */
import * as z from "zod/mini";
import { inAddress } from "../../shared/in-address.ts";

export const SHOWN = ["open", "decided"] as const;

export const inboxSearch = z.object({
  review: inAddress(z.string()),
  /** Open ones unless it says otherwise. */
  show: inAddress(z.enum(SHOWN)),
});
