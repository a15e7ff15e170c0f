export function reminderLevel(days: number): string {
  if (days <= 0) return "none";
  if (days <= 14) return "friendly";
  return days <= 30 ? "firm" : "final";
}
