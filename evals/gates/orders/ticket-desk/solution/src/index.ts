export { rank } from "./rank.ts";
export { isLate } from "./is-late.ts";
export { lateTickets } from "./late-tickets.ts";
