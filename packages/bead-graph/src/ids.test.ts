import { contentId } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { aGraph, aPolicy, codeOf, ORG } from "./testing/builders.ts";

const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null));
const tree = fc.letrec((tie) => ({
  node: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("node"), { maxLength: 4 }), fc.dictionary(fc.string(), tie("node"), { maxKeys: 4 })),
})).node;
const rules = fc.dictionary(fc.string(), tree, { minKeys: 1, maxKeys: 4 });

/** Ways to the leaves of a tree, each as keys from the root. */
function waysTo(value: unknown): string[][] {
  if (typeof value !== "object" || value === null) return [[]];
  return Object.entries(value).flatMap(([key, inner]) => waysTo(inner).map((way) => [key, ...way]));
}

/** The same tree with another leaf at the end of a way. */
function changedAt(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return ["changed", value];
  if (Array.isArray(value)) return value.map((inner, index) => (String(index) === key ? changedAt(inner, rest) : inner));
  return Object.fromEntries(Object.entries(value as object).map(([name, inner]) => [name, name === key ? changedAt(inner, rest) : inner]));
}

/** The same tree with its keys the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

test("any change at any depth changes the id of a bead, and the store refuses the change under the old one", () => {
  fc.assert(
    fc.property(rules, fc.nat(), (content, pick) => {
      const ways = waysTo(content).filter((way) => way.length > 0);
      fc.pre(ways.length > 0);
      const changed = changedAt(content, ways[pick % ways.length] ?? []);
      const [bead, other] = [aPolicy({ rules: content }), aPolicy({ rules: changed })];
      expect(other.id).not.toBe(bead.id);
      const { write } = aGraph();
      expect(codeOf(() => write({ ...bead, content: other.content }))).toBe("INTEGRITY");
      expect(codeOf(() => write(bead))).toBe("none");
    }),
    { numRuns: 60 },
  );
});

test("key order at any depth never changes the id, nor the order of parents", () => {
  fc.assert(
    fc.property(rules, fc.array(fc.string()), (content, parents) => {
      const idOf = (one: unknown, of: readonly string[]) => contentId("KSB", { kind: "policy", org: ORG, content: one, parents: of });
      expect(idOf(reversed(content), parents.toReversed())).toBe(idOf(content, parents));
    }),
  );
});

test('the parents ["xy"] give another id than ["x","y"], and any two different sets of parents do', () => {
  const idOf = (parents: readonly string[]) => contentId("KSB", { kind: "policy", org: ORG, content: {}, parents });
  expect(idOf(["xy"])).not.toBe(idOf(["x", "y"]));
  const key = (parents: readonly string[]) => JSON.stringify([...new Set(parents)].sort());
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 4 }), fc.array(fc.string({ maxLength: 3 }), { maxLength: 4 }), (one, other) => {
      expect(idOf(one) === idOf(other)).toBe(key(one) === key(other));
    }),
  );
});

test("type, organisation and parents are part of the id, and who wrote when is not", () => {
  const { write, graph } = aGraph();
  const bead = aPolicy();
  const later: KnowingStateBead = { ...bead, writtenBy: "person:bob", writtenAt: 99 };
  write(bead);
  expect(write(later).beadId).toBe(bead.id);
  expect(graph.get(bead.id)?.writtenBy).toBe(bead.writtenBy);
  const frame = { kind: "policy", org: ORG, content: bead.content, parents: [] };
  const ids = [frame, { ...frame, kind: "trust" }, { ...frame, org: "other" }, { ...frame, parents: [bead.id] }].map((one) => contentId("KSB", one));
  expect(new Set(ids).size).toBe(4);
  expect(ids[0]).toBe(bead.id);
});
