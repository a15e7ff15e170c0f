const MAX_CHARS = 24;

/** Street and number as a label has room for them. */
export function addressLine(street: string, house: string): string {
  return `${street} ${house}`.toUpperCase().slice(0, MAX_CHARS);
}
