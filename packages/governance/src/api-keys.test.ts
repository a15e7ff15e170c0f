import { kvKey, sha256Hex } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apiKeyIdOf, authenticateApiKey, newApiKey, type ApiKeyRecord, type RecordLookup } from "./api-keys.ts";
import { requireScope } from "./principals.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");

function storeOf(records: { readonly [key: string]: unknown }): RecordLookup {
  return async (key) => records[key] ?? null;
}

/** The answer to a key whose record is changed like this. */
async function answerWith(change: Partial<ApiKeyRecord>, nowMs: number = NOW) {
  const made = newApiKey("acme", "ana", ["session:read", "session:submit", "admin"], NOW);
  return authenticateApiKey(made.apiKey, storeOf({ [made.storageKey]: { ...made.record, ...change } }), nowMs);
}

describe("an API key", () => {
  it("authenticates with the scopes of its record", async () => {
    const made = newApiKey("acme", "ci", ["session:submit", "signal:resume"], NOW);
    const answer = await authenticateApiKey(made.apiKey, storeOf({ [made.storageKey]: made.record }), NOW);
    expect(answer).toEqual({
      ok: true,
      principal: {
        id: "ci",
        kind: "api-key",
        org: "acme",
        person: "ci",
        roles: [],
        scopes: ["session:submit", "signal:resume"],
        credentialId: apiKeyIdOf(sha256Hex(made.apiKey)),
      },
    });
  });

  it("is stored under its digest and nowhere in its record", () => {
    const made = newApiKey("acme", "ci", [], NOW);
    expect(made.storageKey).toBe(kvKey.apiKey(sha256Hex(made.apiKey)));
    expect(JSON.stringify(made.record)).not.toContain(made.apiKey.slice("fk_acme_".length));
  });

  it("is refused from the moment it expires", async () => {
    const made = newApiKey("acme", "ci", [], NOW, NOW + 1_000);
    const store = storeOf({ [made.storageKey]: made.record });
    expect(await authenticateApiKey(made.apiKey, store, NOW + 999)).toMatchObject({ ok: true });
    expect(await authenticateApiKey(made.apiKey, store, NOW + 1_000)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("is refused when its record belongs to another org", async () => {
    const made = newApiKey("acme", "ci", [], NOW);
    const store = storeOf({ [made.storageKey]: { ...made.record, org: "other" } });
    expect(await authenticateApiKey(made.apiKey, store, NOW)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("is refused when its record does not parse", async () => {
    const made = newApiKey("acme", "ci", [], NOW);
    const store = storeOf({ [made.storageKey]: { ...made.record, scopes: ["everything"] } });
    expect(await authenticateApiKey(made.apiKey, store, NOW)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it.each(["", "fk_acme_x", "fk_acme_short", "fk__", "a b"])("is refused from the text %j", async (text) => {
    expect(await authenticateApiKey(text, storeOf({}), NOW)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("of a member lets do what the member's roles allow, however much was written into it", async () => {
    const answer = await answerWith({ memberId: "ana@acme.test", roles: ["operator"], keyId: "0123456789abcdef" });
    expect(answer).toMatchObject({
      ok: true,
      principal: { person: "ana@acme.test", roles: ["operator"], scopes: ["session:read", "session:submit"], credentialId: "0123456789abcdef" },
    });
  });

  it("of a member without a role lets do nothing", async () => {
    expect(await answerWith({ memberId: "ana", roles: [] })).toMatchObject({ ok: true, principal: { scopes: [] } });
    expect(await answerWith({ memberId: "ana" })).toMatchObject({ ok: true, principal: { scopes: [] } });
  });

  it("is refused once it is revoked", async () => {
    expect(await answerWith({ status: "revoked" })).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("that was rotated works until its overlap is over, and not without one", async () => {
    const rotated = { status: "rotated", retiresAt: new Date(NOW + 1_000).toISOString() } as const;
    expect(await answerWith(rotated, NOW + 999)).toMatchObject({ ok: true });
    expect(await answerWith(rotated, NOW + 1_000)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
    expect(await answerWith({ status: "rotated" })).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("that was rotated does not outlive its own expiry", async () => {
    const record = { status: "rotated", retiresAt: new Date(NOW + 2_000).toISOString(), expiresAt: new Date(NOW + 1_000).toISOString() } as const;
    expect(await answerWith(record, NOW + 1_500)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("is never accepted when one character of it differs", async () => {
    const made = newApiKey("acme", "ci", [], NOW);
    const store = storeOf({ [made.storageKey]: made.record });
    await fc.assert(
      fc.asyncProperty(fc.nat(made.apiKey.length - 1), fc.integer({ min: 33, max: 126 }), async (index, code) => {
        const changed = made.apiKey.slice(0, index) + String.fromCharCode(code) + made.apiKey.slice(index + 1);
        fc.pre(changed !== made.apiKey);
        expect(await authenticateApiKey(changed, store, NOW)).toMatchObject({ ok: false });
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
