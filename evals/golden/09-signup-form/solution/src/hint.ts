export function hint(field: string, rule: string): string {
  return `${field}: ${rule}`;
}
