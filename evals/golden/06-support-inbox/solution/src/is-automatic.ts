export function isAutomatic(subject: string): boolean {
  return subject.toLowerCase().includes("automatic reply");
}
