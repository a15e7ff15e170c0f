import type { Ticket } from "./ticket.ts";

const WEIGHTS = { low: 1, normal: 2, high: 3 };

/** How soon a ticket is answered: the higher the sooner. */
export function rank(ticket: Ticket): number {
  return Math.max(0, WEIGHTS[ticket.urgency] * 10 - ticket.ageDays);
}
