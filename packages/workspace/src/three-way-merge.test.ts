import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChangeEntry } from "@factory/schemas";
import { MemoryBlobStore, readText } from "./blob-store.ts";
import { applyChangeSet } from "./change-set.ts";
import { MERGE_LIMITS, mergeChangeSet, mergeText } from "./three-way-merge.ts";

const BASE = ["one", "two", "three", "four", "five", "six", ""].join("\n");
const edited = (line: string, by: string): string => BASE.replace(line, by);

describe("two texts made from one", () => {
  test("keep both changes where they are apart", () => {
    expect(mergeText({ base: BASE, incoming: edited("two", "TWO"), current: edited("five", "FIVE") })).toEqual({
      ok: true,
      text: edited("two", "TWO").replace("five", "FIVE"),
    });
  });

  test("conflict where both changed the same line", () => {
    expect(mergeText({ base: BASE, incoming: edited("two", "TWO"), current: edited("two", "2") })).toEqual({ ok: false, reason: "same-lines" });
  });

  test("conflict where one changed a line that the other deleted", () => {
    expect(mergeText({ base: BASE, incoming: edited("two\n", ""), current: edited("two", "2") })).toEqual({ ok: false, reason: "same-lines" });
  });

  test("conflict where both put different lines at the same place", () => {
    expect(mergeText({ base: BASE, incoming: `${BASE}mine\n`, current: `${BASE}theirs\n` })).toEqual({ ok: false, reason: "same-lines" });
  });

  test("take a change once that both made", () => {
    const same = edited("two", "TWO");
    expect(mergeText({ base: BASE, incoming: same.replace("six", "SIX"), current: same })).toEqual({ ok: true, text: same.replace("six", "SIX") });
  });

  test("keep the end of the last line as one side has changed it", () => {
    expect(mergeText({ base: "a\nb\nc", incoming: "a\nb\nc\n", current: "A\nb\nc" })).toEqual({ ok: true, text: "A\nb\nc\n" });
  });

  test("are not compared beyond the bounds", () => {
    const lines = Array.from({ length: MERGE_LIMITS.lines + 1 }, (_, at) => `line ${at}`).join("\n");
    expect(mergeText({ base: lines, incoming: `${lines}x`, current: `y${lines}` })).toEqual({ ok: false, reason: "too-large" });
    const alike = "same\n".repeat(3_000);
    expect(mergeText({ base: alike, incoming: `${alike}x`, current: `y${alike}` })).toEqual({ ok: false, reason: "too-large" });
  });
});

const words = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 8 }).map((lines) => lines.join("\n"));

test("a side that changed nothing gives the other side, and a clean merge does not depend on who came first", () => {
  fc.assert(
    fc.property(words, words, words, (base, left, right) => {
      expect(mergeText({ base, incoming: base, current: right })).toEqual({ ok: true, text: right });
      expect(mergeText({ base, incoming: left, current: base })).toEqual({ ok: true, text: left });
      expect(mergeText({ base, incoming: left, current: left })).toEqual({ ok: true, text: left });
      const [one, other] = [mergeText({ base, incoming: left, current: right }), mergeText({ base, incoming: right, current: left })];
      expect(one.ok).toBe(other.ok);
      if (one.ok && other.ok) expect(one.text).toBe(other.text);
    }),
    { numRuns: 500 },
  );
});

test("lines that only one side put in are all in a clean merge", () => {
  const inserts = fc.record({
    base: fc.integer({ min: 1, max: 8 }),
    mine: fc.array(fc.nat(8), { maxLength: 4 }),
    theirs: fc.array(fc.nat(8), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(inserts, ({ base, mine, theirs }) => {
      const lines = Array.from({ length: base }, (_, at) => `base ${at}`);
      const inserted = (places: readonly number[], by: string): string =>
        lines.flatMap((line, at) => [...places.flatMap((place, n) => (place === at ? [`${by} ${n}`] : [])), line]).join("\n");
      const merge = mergeText({ base: lines.join("\n"), incoming: inserted(mine, "mine"), current: inserted(theirs, "theirs") });
      const shared = mine.some((place) => place < base && theirs.includes(place));
      if (!merge.ok) {
        expect(merge.reason).toBe("same-lines");
        return;
      }
      expect(shared).toBe(false);
      const found = new Set(merge.text.split("\n"));
      const wanted = [...inserted(mine, "mine").split("\n"), ...inserted(theirs, "theirs").split("\n")];
      expect(wanted.filter((line) => !found.has(line))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

describe("a change set whose base has moved", () => {
  const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
  const stored = async (...texts: readonly (string | Uint8Array | null)[]) => {
    const blobs = new MemoryBlobStore();
    const digests = await Promise.all(texts.map(async (text) => (text === null ? null : blobs.put(typeof text === "string" ? bytesOf(text) : text))));
    return { blobs, digests };
  };
  const change = (path: string, baseDigest: string | null | undefined, digest: string | null | undefined): ChangeEntry => ({
    path,
    baseDigest: baseDigest ?? null,
    digest: digest ?? null,
    bytes: 1,
  });
  const merged = async (base: string | Uint8Array | null, incoming: string | Uint8Array | null, current: string | Uint8Array | null) => {
    const { blobs, digests } = await stored(base, incoming, current);
    const tree = digests[2] === null || digests[2] === undefined ? {} : { "src/a.ts": digests[2] };
    return { blobs, tree, result: await mergeChangeSet(blobs, tree, [change("src/a.ts", digests[0], digests[1])]) };
  };

  test("applies with both edits, as a new content that is stored", async () => {
    const { blobs, tree, result } = await merged(BASE, edited("two", "TWO"), edited("five", "FIVE"));
    expect(result).toMatchObject({ ok: true, merged: ["src/a.ts"] });
    const applied = applyChangeSet(tree, result.ok ? result.changes : []);
    const digest = applied.ok ? applied.tree["src/a.ts"] : undefined;
    const text = edited("two", "TWO").replace("five", "FIVE");
    expect(await readText(blobs, digest ?? "")).toBe(text);
    expect(result.ok ? result.changes[0]?.bytes : 0).toBe(text.length);
  });

  test("is left alone where its base is still there or its result is there already", async () => {
    const { blobs, digests } = await stored("base", "new");
    const entries = [change("a", digests[0], digests[1]), change("b", digests[0], digests[1]), change("c", null, digests[1])];
    const result = await mergeChangeSet(blobs, { a: digests[0] ?? "", b: digests[1] ?? "" }, entries);
    expect(result).toEqual({ ok: true, changes: entries, merged: [] });
  });

  test.each([
    ["both changed the same lines", BASE, edited("two", "TWO"), edited("two", "2"), "same-lines"],
    ["both made the file", null, "mine", "theirs", "both-added"],
    ["it deletes what a peer changed", BASE, null, edited("two", "2"), "deleted-and-changed"],
    ["it changes what a peer deleted", BASE, edited("two", "2"), null, "deleted-and-changed"],
    ["its base is no text", new Uint8Array([0, 1]), "mine", "theirs", "not-text"],
    ["the peer's version is no text", BASE, "mine", new Uint8Array([255, 254]), "not-text"],
    ["a version is too large", BASE, "x".repeat(MERGE_LIMITS.bytes + 1), edited("two", "2"), "too-large"],
    ["what both make together is too large", "a\nb\nc", `a\nb\n${"x".repeat(600_000)}`, `${"y".repeat(600_000)}\nb\nc`, "too-large"],
  ] as const)("is a conflict that shows all three versions when %s", async (_, base, incoming, current, reason) => {
    const { result } = await merged(base, incoming, current);
    const { digests } = await stored(base, incoming, current);
    expect(result).toEqual({
      ok: false,
      conflicts: [{ path: "src/a.ts", reason, base: digests[0], incoming: digests[1], current: digests[2] }],
    });
  });

  test("is clean where both deleted the file", async () => {
    expect((await merged(BASE, null, null)).result).toMatchObject({ ok: true, merged: [] });
  });

  test("conflicts whole when one of its files does, and names every such file", async () => {
    const { blobs, digests } = await stored(BASE, edited("two", "TWO"), edited("two", "2"), edited("five", "5"));
    const tree = { a: digests[2] ?? "", b: digests[3] ?? "", c: digests[2] ?? "" };
    const result = await mergeChangeSet(
      blobs,
      tree,
      ["a", "b", "c"].map((path) => change(path, digests[0], digests[1])),
    );
    expect(result.ok ? [] : result.conflicts.map(({ path }) => path)).toEqual(["a", "c"]);
  });

  test("does not merge over a version that is not stored", async () => {
    const { blobs, digests } = await stored(BASE, "mine");
    await expect(mergeChangeSet(blobs, { a: "0".repeat(64) }, [change("a", digests[0], digests[1])])).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});
