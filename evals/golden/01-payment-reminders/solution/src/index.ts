export { amountDue } from "./amount-due.ts";
export { daysOverdue } from "./days-overdue.ts";
export { lateFee } from "./late-fee.ts";
export { reminderLevel } from "./reminder-level.ts";
export { reminderSubject } from "./reminder-subject.ts";
