/** The bead that is open beside the graph, and whether the beads are shown as a graph or as a list. */
import * as z from "zod/mini";
import { inAddress } from "../../../shared/in-address.ts";

export const graphSearch = z.object({
  bead: inAddress(z.string()),
  view: inAddress(z.enum(["graph", "list"])),
});
