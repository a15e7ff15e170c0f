/** Bounds of text that agents and detectors give. */

/** Longest text kept of what an agent or a detector said, in UTF-16 units. */
const MAX_TEXT_CHARS = 4_000;

/** The beginning of a long text, and by how much it was cut. */
export function clip(text: string): string {
  return text.length <= MAX_TEXT_CHARS ? text : `${text.slice(0, MAX_TEXT_CHARS)} [${text.length - MAX_TEXT_CHARS} more characters]`;
}
