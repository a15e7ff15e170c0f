import { kvKey, sha256Hex } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { authenticate, newApiKey, requireScope, type RecordLookup } from "./api-keys.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");

function storeOf(records: { readonly [key: string]: unknown }): RecordLookup {
  return async (key) => records[key] ?? null;
}

describe("an API key", () => {
  it("authenticates with the scopes of its record", async () => {
    const made = newApiKey("acme", "ci", ["session:submit", "signal:resume"], NOW);
    const answer = await authenticate(`Bearer ${made.apiKey}`, storeOf({ [made.storageKey]: made.record }), NOW);
    expect(answer).toEqual({ ok: true, principal: { id: "ci", kind: "api-key", org: "acme", scopes: ["session:submit", "signal:resume"] } });
  });

  it("is stored under its digest and nowhere in its record", () => {
    const made = newApiKey("acme", "ci", [], NOW);
    expect(made.storageKey).toBe(kvKey.apiKey(sha256Hex(made.apiKey)));
    expect(JSON.stringify(made.record)).not.toContain(made.apiKey.slice("fk_acme_".length));
  });

  it("is refused from the moment it expires", async () => {
    const made = newApiKey("acme", "ci", [], NOW, NOW + 1_000);
    const store = storeOf({ [made.storageKey]: made.record });
    expect(await authenticate(`Bearer ${made.apiKey}`, store, NOW + 999)).toMatchObject({ ok: true });
    expect(await authenticate(`Bearer ${made.apiKey}`, store, NOW + 1_000)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("is refused when its record belongs to another org", async () => {
    const made = newApiKey("acme", "ci", [], NOW);
    const store = storeOf({ [made.storageKey]: { ...made.record, org: "other" } });
    expect(await authenticate(`Bearer ${made.apiKey}`, store, NOW)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("is refused when its record does not parse", async () => {
    const made = newApiKey("acme", "ci", [], NOW);
    const store = storeOf({ [made.storageKey]: { ...made.record, scopes: ["everything"] } });
    expect(await authenticate(`Bearer ${made.apiKey}`, store, NOW)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it.each([null, "", "Bearer", "Bearer ", "Basic abc", "fk_acme_x", "Bearer fk_acme_short", "Bearer a b"])("is refused from the header %j", async (header) => {
    expect(await authenticate(header, storeOf({}), NOW)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("is never accepted when one character of it differs", async () => {
    const made = newApiKey("acme", "ci", [], NOW);
    const store = storeOf({ [made.storageKey]: made.record });
    await fc.assert(
      fc.asyncProperty(fc.nat(made.apiKey.length - 1), fc.integer({ min: 33, max: 126 }), async (index, code) => {
        const changed = made.apiKey.slice(0, index) + String.fromCharCode(code) + made.apiKey.slice(index + 1);
        fc.pre(changed !== made.apiKey);
        expect(await authenticate(`Bearer ${changed}`, store, NOW)).toMatchObject({ ok: false });
      }),
    );
  });
});

describe("a scope", () => {
  const principal = { id: "ci", kind: "api-key", org: "acme", scopes: ["admin", "session:read"] } as const;

  it("lets a principal that has it pass", () => {
    expect(requireScope(principal, "session:read")).toBeNull();
  });

  it("is not implied by another, admin included", () => {
    expect(requireScope(principal, "session:submit")).toMatchObject({ code: "PERMISSION_DENIED", message: expect.stringContaining("session:submit") });
  });
});
