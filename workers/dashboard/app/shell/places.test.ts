import { describe, expect, it } from "vitest";
import { PLACES, placesFor } from "./places.ts";

const titles = (text: string): string[] => placesFor(text).map(({ title }) => title);

describe("a page that is looked for", () => {
  it("is found by its title and by what it is about, whatever the case", () => {
    expect(titles("INB")).toEqual(["Inbox"]);
    expect(titles("trust")).toEqual(["Knowing-state"]);
    expect(titles("dead letters")).toEqual(["Operations"]);
  });

  it("is one of all when nothing is said, and none when no page has every word", () => {
    expect(placesFor(" ")).toEqual(PLACES);
    expect(titles("inbox trust")).toEqual([]);
  });
});
