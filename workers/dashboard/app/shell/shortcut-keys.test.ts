import { describe, expect, it } from "vitest";
import { isPressed, isTaken, keyNames, type KeyPress } from "./shortcut-keys.ts";

const press = (key: string, change: Partial<KeyPress> = {}): KeyPress => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...change });

/** A place in the page whose ancestors answer to what is named. */
const within = (...found: readonly string[]) => ({
  closest: (selectors: string) => (found.some((name) => selectors.includes(name)) ? ({} as Element) : null),
});

describe("a shortcut", () => {
  it("is pressed by its key, whatever the case", () => {
    expect(isPressed("j", press("j"))).toBe(true);
    expect(isPressed("j", press("J"))).toBe(true);
    expect(isPressed("?", press("?"))).toBe(true);
    expect(isPressed("j", press("k"))).toBe(false);
  });

  it("with Mod is pressed by Control and by Command", () => {
    expect(isPressed("Mod+k", press("k", { ctrlKey: true }))).toBe(true);
    expect(isPressed("Mod+k", press("k", { metaKey: true }))).toBe(true);
    expect(isPressed("Mod+k", press("k"))).toBe(false);
  });

  it("leaves the browser's own shortcuts alone", () => {
    expect(isPressed("r", press("r", { ctrlKey: true }))).toBe(false);
    expect(isPressed("j", press("j", { altKey: true }))).toBe(false);
  });

  it("is shown by the keys of the person's keyboard", () => {
    expect(keyNames("Mod+k", false)).toEqual(["Ctrl", "K"]);
    expect(keyNames("Mod+Enter", true)).toEqual(["⌘", "Enter"]);
    expect(keyNames("ArrowDown", false)).toEqual(["↓"]);
    expect(keyNames("/", false)).toEqual(["/"]);
  });
});

describe("a press", () => {
  it("belongs to a field that text is written into, unless Control is held", () => {
    expect(isTaken(press("j"), within("textarea"))).toBe(true);
    expect(isTaken(press("k", { ctrlKey: true }), within("textarea"))).toBe(false);
    expect(isTaken(press("j"), within())).toBe(false);
  });

  it("belongs to a dialog whatever is held", () => {
    expect(isTaken(press("k", { ctrlKey: true }), within('[role="dialog"]'))).toBe(true);
  });

  it("belongs to a list that moves by arrows when it is an arrow", () => {
    expect(isTaken(press("ArrowDown"), within('[role="listbox"]'))).toBe(true);
    expect(isTaken(press("j"), within('[role="listbox"]'))).toBe(false);
  });

  it("of Enter belongs to the link or button it is on", () => {
    expect(isTaken(press("Enter"), within("a, button"))).toBe(true);
    expect(isTaken(press("Enter"), within())).toBe(false);
  });
});
