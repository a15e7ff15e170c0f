import { addressLine } from "./address-line.ts";
import { weightText } from "./weight-text.ts";

/** The text of a label. */
export function label(street: string, house: string, grams: number): string {
  return `${addressLine(street, house)}\n${weightText(grams)}`;
}
