/** The session whose objects are open on the page; it is in the address, so that it can be kept and sent. */
import * as z from "zod/mini";
import { inAddress } from "../../shared/in-address.ts";

export const operationsSearch = z.object({ session: inAddress(z.string()) });
