import { describe, expect, it } from "vitest";
import { memoryStorage } from "../testing/memory-storage.ts";
import { EMPTY_DRAFT, forgetDraft, keepDraft, readDraft } from "./draft-store.ts";

const ANA = { org: "acme", principalId: "ana" };
const NOW = new Date("2026-08-04T12:00:00Z");
const FILE = { path: "src/ä.ts", content: "export {};\n" };

describe("a draft", () => {
  it("comes back whole, with when it was kept", () => {
    const storage = memoryStorage();
    expect(keepDraft(storage, ANA, { text: "# Ä", files: [FILE] }, NOW)).toBe("all");
    expect(readDraft(storage, ANA)).toEqual({ text: "# Ä", files: [FILE], keptAt: "2026-08-04T12:00:00.000Z", lostFiles: [] });
  });

  it("is nobody else's", () => {
    const storage = memoryStorage();
    keepDraft(storage, ANA, { text: "# A", files: [] }, NOW);
    expect(readDraft(storage, { org: "acme", principalId: "bo" })).toBeNull();
    expect(readDraft(storage, { org: "other", principalId: "ana" })).toBeNull();
  });

  it("is forgotten when it is empty, and when it was handed in", () => {
    const storage = memoryStorage();
    for (const forget of [() => keepDraft(storage, ANA, EMPTY_DRAFT, NOW), () => forgetDraft(storage, ANA)]) {
      keepDraft(storage, ANA, { text: "# A", files: [] }, NOW);
      forget();
      expect(readDraft(storage, ANA)).toBeNull();
    }
  });

  it.each([
    ["files that are too large for any browser", Number.POSITIVE_INFINITY, "x".repeat(2_000_001)],
    ["files that this browser has no room for", 1_000, "x".repeat(2_000)],
  ])("is kept without %s, which are named", (_name, room, content) => {
    const storage = memoryStorage(room);
    expect(keepDraft(storage, ANA, { text: "# A", files: [{ path: "a.ts", content }] }, NOW)).toBe("without-files");
    expect(readDraft(storage, ANA)).toMatchObject({ text: "# A", files: [], lostFiles: ["a.ts"] });
  });

  it("says when nothing of it is kept", () => {
    expect(keepDraft(memoryStorage(10), ANA, { text: "# A", files: [] }, NOW)).toBe("nothing");
  });

  it.each(["{", "7", '{"text":1}', '{"text":"# A","files":[{"path":1}]}'])("is none when what is kept is %j", (text) => {
    const storage = memoryStorage();
    storage.setItem("factory.draft.acme.ana", text);
    expect(readDraft(storage, ANA)).toBeNull();
  });
});
