import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./canonical.ts";
import { CONTENT_PREFIXES, ULID_PREFIXES, beadIdOf, contentId, contentIdOf, crockford, idSchema, prefixOf, runIdOf, sessionIdOf, ulidId } from "./ids.ts";

const frame = { kind: "Pressure", org: "acme", content: { a: { b: [1, { c: 2 }] } }, parents: ["SIG-1", "SIG-2"] };

const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null));
const tree = fc.letrec((tie) => ({
  node: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("node"), { maxLength: 4 }), fc.dictionary(fc.string(), tie("node"), { maxKeys: 4 })),
})).node;

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, shuffled(inner)]),
    );
  }
  return value;
}

describe("content ids", () => {
  it("have a prefix and 26 characters of Crockford base32", () => {
    for (const prefix of CONTENT_PREFIXES) expect(idSchema(prefix).safeParse(contentId(prefix, frame)).success).toBe(true);
  });

  it("never depend on the order of keys or parents", () => {
    fc.assert(
      fc.property(tree, fc.array(fc.string()), (content, parents) => {
        const id = contentId("PRS", { ...frame, content, parents });
        expect(contentId("PRS", { ...frame, content: shuffled(content), parents: [...parents].reverse() })).toBe(id);
      }),
    );
  });

  it("are the same of content and of its canonical text", () => {
    fc.assert(
      fc.property(tree, fc.string({ unit: "grapheme" }), fc.array(fc.string({ unit: "grapheme" })), (content, org, parents) => {
        const framed = { kind: "Pressure", org, content, parents };
        expect(contentIdOf("PRS", framed, canonicalJson(content))).toBe(contentId("PRS", framed));
      }),
    );
  });

  it("change with any change of kind, org, content at any depth, or parents", () => {
    const ids = [
      contentId("PRS", frame),
      contentId("PRS", { ...frame, kind: "Capability" }),
      contentId("PRS", { ...frame, org: "other" }),
      contentId("PRS", { ...frame, content: { a: { b: [1, { c: 3 }] } } }),
      contentId("PRS", { ...frame, parents: ["SIG-1"] }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('tell the parents ["xy"] from ["x","y"]', () => {
    expect(contentId("PRS", { ...frame, parents: ["xy"] })).not.toBe(contentId("PRS", { ...frame, parents: ["x", "y"] }));
  });

  it("write 128 bits most significant first", () => {
    expect(crockford(new Uint8Array(16))).toBe("0".repeat(26));
    expect(crockford(new Uint8Array(16).fill(255))).toBe(`7${"Z".repeat(25)}`);
  });
});

describe("derived ids", () => {
  it("are the same for the same submission and differ with each part of it", () => {
    const session = sessionIdOf("acme", "WO-1", "env_1");
    expect(sessionIdOf("acme", "WO-1", "env_1")).toBe(session);
    expect(new Set([session, sessionIdOf("acme", "WO-1", "env_2"), sessionIdOf("acme", "WO-2", "env_1"), sessionIdOf("b", "WO-1", "env_1")]).size).toBe(4);
    const run = runIdOf("acme", session, "SPEC-1");
    expect(beadIdOf("acme", run, "ATOM-1")).not.toBe(beadIdOf("acme", run, "ATOM-2"));
  });
});

describe("ULID ids", () => {
  it("sort by the time they were made in", () => {
    for (const prefix of ULID_PREFIXES) {
      const ids = [ulidId(prefix, 1_000), ulidId(prefix, 2_000), ulidId(prefix, 3_000)];
      expect([...ids].sort()).toEqual(ids);
      expect(idSchema(prefix).safeParse(ids[0]).success).toBe(true);
    }
  });
});

describe("prefixOf", () => {
  it("reads a known prefix and refuses an unknown one", () => {
    expect(prefixOf(contentId("BC", frame))).toBe("BC");
    expect(prefixOf("NOPE-123")).toBeUndefined();
    expect(prefixOf("")).toBeUndefined();
  });
});
