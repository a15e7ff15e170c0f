/** A ticket of the desk. */
export type Ticket = { id: number; urgency: "low" | "normal" | "high"; ageDays: number };
