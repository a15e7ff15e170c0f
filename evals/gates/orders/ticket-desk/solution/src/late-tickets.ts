import { isLate } from "./is-late.ts";
import type { Ticket } from "./ticket.ts";

/** The late ones of some tickets, in their order. */
export function lateTickets(tickets: Ticket[]): Ticket[] {
  return tickets.filter((ticket) => isLate(ticket));
}
