/** A text in parts: its ids, and what is between them. Pure. */

export type TextPart = { readonly text: string; readonly isId: boolean };

/** An id as the platform makes them: a short name of its kind, and at least sixteen characters. */
const ID = /(\b[A-Z]{2,8}-[0-9A-Za-z]{16,}\b)/;

/** Every character is in one of the parts. */
export function textParts(text: string): readonly TextPart[] {
  // Splitting by a group keeps what it found, at every second place.
  return text.split(ID).flatMap((part, index) => (part === "" ? [] : [{ text: part, isId: index % 2 === 1 }]));
}
