import type { Ticket } from "./ticket.ts";

const ALLOWED_DAYS = { low: 14, normal: 5, high: 1 };

/** Whether a ticket is older than its urgency allows. */
export function isLate(ticket: Ticket): boolean {
  return ticket.ageDays > ALLOWED_DAYS[ticket.urgency];
}
