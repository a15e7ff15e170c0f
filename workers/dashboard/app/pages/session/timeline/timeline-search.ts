/** What the timeline is narrowed to, and the event that is open in it. */
import * as z from "zod/mini";
import { inAddress } from "../../../shared/in-address.ts";
import { EVENT_GROUPS } from "./event-groups.ts";

export const timelineSearch = z.object({
  groups: inAddress(z.array(z.enum(EVENT_GROUPS.map(({ id }) => id)))),
  bead: inAddress(z.string()),
  /** `seq` of an event to begin at. */
  at: inAddress(z.int().check(z.positive())),
});
