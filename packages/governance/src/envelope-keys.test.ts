import { kvKey } from "@factory/schemas";
import { describe, expect, it } from "vitest";
import { envelopeKeysOf, signingKeysFor, type EnvelopeKeyRecord } from "./envelope-keys.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");
const OLD = { keyId: "k-1", org: "acme", algorithm: "HMAC-SHA256", secret: Buffer.alloc(32, 7).toString("base64"), status: "active" } as const;

/** A registry that holds one record. */
const holding = (record: object) => async (key: string) => (key === kvKey.envelopeKey("k-1") ? record : null);
const found = (record: object, use: "submission" | "kernel" | "disposition", at = NOW) => signingKeysFor(use, holding(record), () => at)("k-1");

describe("a key of the registry", () => {
  it("of before there were uses signs submissions and nothing else", async () => {
    expect(await found(OLD, "submission")).toEqual(OLD);
    expect(await found(OLD, "kernel")).toBeNull();
    expect(await found(OLD, "disposition")).toBeNull();
  });

  it("is found for each of its uses and for no other", async () => {
    const record = { ...OLD, uses: ["kernel", "disposition"] };
    expect(await found(record, "kernel")).toMatchObject({ keyId: "k-1" });
    expect(await found(record, "disposition")).toMatchObject({ keyId: "k-1" });
    expect(await found(record, "submission")).toBeNull();
  });

  it("verifies after its rotation until it retires, and not a moment longer", async () => {
    const record = { ...OLD, status: "rotated", retiresAt: new Date(NOW + 1_000).toISOString() };
    expect(await found(record, "submission", NOW + 999)).toMatchObject({ status: "rotated" });
    expect(await found(record, "submission", NOW + 1_000)).toBeNull();
  });

  it.each([
    ["rotated without a time", { ...OLD, status: "rotated" }],
    ["revoked", { ...OLD, status: "revoked", retiresAt: new Date(NOW + 1_000).toISOString() }],
    ["stored under the id of another", { ...OLD, keyId: "k-2" }],
    ["without any use", { ...OLD, uses: [] }],
    ["of a use that nobody knows", { ...OLD, uses: ["everything"] }],
    ["with a field that nobody knows", { ...OLD, admin: true }],
  ])("is not there when it is %s", async (_how, record) => {
    for (const use of ["submission", "kernel", "disposition"] as const) expect(await found(record, use)).toBeNull();
  });

  it.each(["", "x".repeat(129), "\ud800"])("is not asked for by an id that no key has (%j)", async (keyId) => {
    const asked: string[] = [];
    const lookup = signingKeysFor(
      "kernel",
      async (key) => {
        asked.push(key);
        return null;
      },
      () => NOW,
    );
    expect(await lookup(keyId)).toBeNull();
    expect(asked).toEqual([]);
  });

  it("of a submission is its organisation's only", async () => {
    const record: EnvelopeKeyRecord = { ...OLD, uses: ["submission"] };
    expect(await envelopeKeysOf("acme", holding(record), () => NOW)("k-1")).toEqual(record);
    expect(await envelopeKeysOf("other", holding(record), () => NOW)("k-1")).toBeNull();
    expect(await envelopeKeysOf("acme", holding({ ...record, uses: ["kernel"] }), () => NOW)("k-1")).toBeNull();
  });
});
