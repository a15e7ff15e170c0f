/** Shortcuts of what is on the screen. A part of the page says which it has while it is there; the help lists exactly these. */
import { useEffect, useRef } from "react";
import { isPressed, isTaken } from "./shortcut-keys.ts";

export type Shortcut = {
  /** Each of these does it, such as `j` and `ArrowDown`. */
  readonly keys: readonly string[];
  /** What it does, for the help: "Next session". */
  readonly text: string;
  readonly run: () => void;
};

export type ShortcutGroup = { readonly name: string; readonly shortcuts: readonly Shortcut[] };

/** Not persisted: what the mounted parts of the page have said, the last one first asked. */
const groups = new Set<() => ShortcutGroup>();

/** What may be pressed now, group by group. */
export const currentShortcuts = (): readonly ShortcutGroup[] => [...groups].map((group) => group());

/** Has shortcuts while the component is there. They may be new ones at every render. */
export function useShortcuts(name: string, shortcuts: readonly Shortcut[]): void {
  const latest = useRef({ name, shortcuts });
  useEffect(() => {
    latest.current = { name, shortcuts };
  });
  useEffect(() => {
    const group = (): ShortcutGroup => latest.current;
    groups.add(group);
    return () => {
      groups.delete(group);
    };
  }, []);
}

/** Listens to the keyboard; the shell does it once. */
export function useShortcutKeys(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const { target } = event;
      if (event.defaultPrevented || event.isComposing || !(target instanceof Element) || isTaken(event, target)) return;
      const found = currentShortcuts()
        .toReversed()
        .flatMap(({ shortcuts }) => shortcuts)
        .find(({ keys }) => keys.some((key) => isPressed(key, event)));
      if (found === undefined) return;
      event.preventDefault();
      found.run();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}
