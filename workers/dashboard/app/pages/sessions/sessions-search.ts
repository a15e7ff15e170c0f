/** What the list of sessions is narrowed to; it is in the address, so that a view can be kept and sent. */
import * as z from "zod/mini";
import { inAddress } from "../../shared/in-address.ts";

/** In the order in which a session goes through them. */
export const STATES = [
  "SUBMITTED",
  "COMMISSIONING",
  "AWAITING_APPROVAL",
  "COMPILING",
  "EXECUTING",
  "IN_REVIEW",
  "ACCEPTING",
  "DELIVERING",
  "COMPLETED",
  "FAILED",
  "REJECTED",
  "CANCELLED",
] as const;

/** What should be looked at most urgently comes first. */
export const PROBLEMS = ["NEEDS_PERSON", "OVER_BUDGET", "FLAPPING", "STUCK"] as const;

export const ORDERS = ["PROBLEMS_FIRST", "NEWEST_FIRST"] as const;

/** What is not understood in an address is left out of it. */
export const sessionsSearch = z.object({
  search: inAddress(z.string()),
  assembly: inAddress(z.string()),
  states: inAddress(z.array(z.enum(STATES))),
  problems: inAddress(z.array(z.enum(PROBLEMS))),
  order: inAddress(z.enum(ORDERS)),
});
export type SessionsSearch = z.infer<typeof sessionsSearch>;

/** True when something narrows the list; the order does not. */
export const isNarrowed = ({ search, assembly, states, problems }: SessionsSearch): boolean =>
  search !== undefined || assembly !== undefined || states !== undefined || problems !== undefined;
