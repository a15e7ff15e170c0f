export function minutesLine(motion: string, result: string): string {
  return `${motion.toUpperCase()}: ${result}`;
}
