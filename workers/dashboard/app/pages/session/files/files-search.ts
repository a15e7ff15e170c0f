/** The file that is open beside the tree. */
import * as z from "zod/mini";
import { inAddress } from "../../../shared/in-address.ts";

export const filesSearch = z.object({ path: inAddress(z.string()) });
