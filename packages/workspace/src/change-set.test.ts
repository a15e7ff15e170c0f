import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sha256Hex } from "@factory/schemas";
import type { ChangeEntry, Tree } from "@factory/schemas";
import { applyChangeSet, describeConflict, digestAt, treeDigest } from "./change-set.ts";

const digest = (text: string): string => sha256Hex(text);
const change = (path: string, base: string | null, now: string | null): ChangeEntry => ({
  path,
  baseDigest: base === null ? null : digest(base),
  digest: now === null ? null : digest(now),
  bytes: now?.length ?? 0,
});

test("creation, change and deletion apply together", () => {
  const tree: Tree = { "src/a.ts": digest("a"), "src/b.ts": digest("b") };
  const result = applyChangeSet(tree, [change("src/c.ts", null, "c"), change("src/a.ts", "a", "a2"), change("src/b.ts", "b", null)]);
  expect(result).toEqual({ ok: true, tree: { "src/a.ts": digest("a2"), "src/c.ts": digest("c") }, written: ["src/c.ts", "src/a.ts", "src/b.ts"] });
});

test("a path that a peer changed is a conflict and nothing of the set is applied", () => {
  const tree: Tree = { "src/a.ts": digest("peer") };
  const result = applyChangeSet(tree, [change("src/b.ts", null, "b"), change("src/a.ts", "a", "mine")]);
  expect(result).toEqual({ ok: false, conflicts: [{ path: "src/a.ts", baseDigest: digest("a"), found: digest("peer"), reason: "moved" }] });
  expect(tree).toEqual({ "src/a.ts": digest("peer") });
});

test("two units that create the same path with other contents conflict; with the same content they do not", () => {
  const tree: Tree = { "src/a.ts": digest("peer") };
  expect(applyChangeSet(tree, [change("src/a.ts", null, "mine")]).ok).toBe(false);
  expect(applyChangeSet(tree, [change("src/a.ts", null, "peer")])).toEqual({ ok: true, tree, written: [] });
});

test("deleting what a peer changed is a conflict", () => {
  expect(applyChangeSet({ "src/a.ts": digest("peer") }, [change("src/a.ts", "a", null)]).ok).toBe(false);
});

test("a path named twice and a file that is also a folder are refused", () => {
  const twice = applyChangeSet({}, [change("a", null, "1"), change("a", "1", "2")]);
  expect(twice.ok ? [] : twice.conflicts.map(({ reason }) => reason)).toEqual(["repeated"]);
  const nested = applyChangeSet({ "src/a": digest("x") }, [change("src/a/b.ts", null, "y")]);
  expect(nested.ok ? [] : nested.conflicts.map(({ reason }) => reason)).toEqual(["file-is-a-folder"]);
});

test("every reason has a line that says what to do", () => {
  for (const reason of ["moved", "repeated", "file-is-a-folder"] as const) {
    expect(describeConflict({ path: "src/a.ts", baseDigest: null, found: null, reason })).toContain("src/a.ts");
  }
});

test("a path called __proto__ is a file like any other", () => {
  const result = applyChangeSet({}, [change("__proto__", null, "x")]);
  expect(result.ok && Object.hasOwn(result.tree, "__proto__")).toBe(true);
  expect(digestAt({}, "__proto__")).toBeNull();
  expect(digestAt({}, "toString")).toBeNull();
});

const path = fc.constantFrom("src/a.ts", "src/b.ts", "src/c.ts", "tests/a.test.ts");
const trees = fc.dictionary(path, fc.constantFrom("1", "2", "3").map(digest), { noNullPrototype: true });
const changes = fc.uniqueArray(
  fc.record({
    path,
    baseDigest: fc.option(fc.constantFrom("1", "2", "3").map(digest)),
    digest: fc.option(fc.constantFrom("1", "2", "3").map(digest)),
    bytes: fc.constant(1),
  }),
  { selector: (entry) => entry.path },
);

test("no change set ever drops a content that it was not made on, and applying one twice is the same as once", () => {
  fc.assert(
    fc.property(trees, changes, (tree, set) => {
      const result = applyChangeSet(tree, set);
      if (!result.ok) return;
      for (const [name, was] of Object.entries(tree)) {
        const entry = set.find((one) => one.path === name);
        if (entry === undefined) expect(digestAt(result.tree, name)).toBe(was);
        else expect([entry.baseDigest, entry.digest]).toContain(was);
      }
      const again = applyChangeSet(result.tree, set);
      expect(again.ok && treeDigest(again.tree)).toBe(treeDigest(result.tree));
    }),
  );
});
