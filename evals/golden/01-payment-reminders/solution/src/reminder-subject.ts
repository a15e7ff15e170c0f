export function reminderSubject(invoice: string, level: string): string {
  return `Invoice ${invoice}: ${level} reminder`;
}
