/** Keys of shortcuts: how they are written, pressed and shown. Pure. */

/** What was pressed, as the browser tells it. */
export type KeyPress = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">;

/** Pressed with Control, or with Command on a Mac. */
const MOD = "Mod+";

/**
 * True when a press is a shortcut's. Shift does not count: where it matters, the key itself is another one.
 *
 * @param keys - such as `j`, `?`, `ArrowDown` or `Mod+k`
 */
export function isPressed(keys: string, press: KeyPress): boolean {
  const withMod = keys.startsWith(MOD);
  const key = withMod ? keys.slice(MOD.length) : keys;
  if (press.altKey || (press.ctrlKey || press.metaKey) !== withMod) return false;
  return press.key.length === 1 ? press.key.toLowerCase() === key.toLowerCase() : press.key === key;
}

const NAMES: { readonly [key: string]: string } = { ArrowDown: "↓", ArrowUp: "↑", Enter: "Enter", Escape: "Esc" };

/** The keys one after the other, as a person reads them: `Mod+k` is `Ctrl`, `K`. */
export function keyNames(keys: string, isMac: boolean): readonly string[] {
  const withMod = keys.startsWith(MOD);
  const key = withMod ? keys.slice(MOD.length) : keys;
  return [...(withMod ? [isMac ? "⌘" : "Ctrl"] : []), NAMES[key] ?? (withMod ? key.toUpperCase() : key)];
}

const isArrow = (key: string): boolean => key.startsWith("Arrow");

/** What moves by arrows itself keeps them. */
const MOVES_BY_ARROWS = '[role="listbox"], [role="menu"], [role="tablist"], [role="radiogroup"], [role="toolbar"], [role="slider"], [role="grid"]';
const TAKES_TEXT = 'input:not([type="checkbox"], [type="radio"], [type="range"]), textarea, select, [contenteditable="true"], .cm-editor';
const DIALOG = '[role="dialog"], [role="alertdialog"]';
/** What Enter and the space bar belong to. */
const IS_PRESSED = "a, button, summary";

/** Where a press was made, as far as it decides whose it is. */
export type PressPlace = Pick<Element, "closest">;

/** True when what has the focus needs a press for itself, so that no shortcut of the page may take it. */
export function isTaken(press: KeyPress, place: PressPlace): boolean {
  if (place.closest(DIALOG) !== null) return true;
  if (press.ctrlKey || press.metaKey) return false;
  if (place.closest(TAKES_TEXT) !== null) return true;
  if (press.key === "Enter") return place.closest(IS_PRESSED) !== null;
  return isArrow(press.key) && place.closest(MOVES_BY_ARROWS) !== null;
}
