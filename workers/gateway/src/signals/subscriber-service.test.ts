import { newApiKey, type Scope } from "@factory/governance";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { clientsOf, expectRefusal, put } from "../testing/clients.ts";

const URL_1 = "https://we.example.com/told";
let made = 0;

/** An administrator of an organisation of their own, or whom a test says. */
async function aCaller(scopes: readonly Scope[] = ["admin", "session:read"], org = `told-${(made += 1)}`) {
  const key = newApiKey(org, "ana", scopes, Date.now());
  await put(key.storageKey, JSON.stringify(key.record));
  return { org, admin: clientsOf(key.apiKey).admin };
}

describe("subscribers", () => {
  it("are added, shown with how they are reached, and removed, by who administers the organisation", async () => {
    const { admin } = await aCaller();
    expect((await admin.putSubscriber({ url: URL_1 })).added).toBe(true);
    expect((await admin.putSubscriber({ url: URL_1 })).added).toBe(false);
    const { subscribers } = await admin.listSubscribers({});
    expect(subscribers).toMatchObject([{ url: URL_1, addedBy: "ana", pending: 1, lastError: "It answered 500." }]);
    expect(subscribers[0]?.lastDeliveredAt).toBeUndefined();
    expect((await admin.removeSubscriber({ url: URL_1 })).removed).toBe(true);
    expect((await admin.removeSubscriber({ url: URL_1 })).removed).toBe(false);
  });

  it("are each organisation's own", async () => {
    const [{ admin }, other] = [await aCaller(), await aCaller()];
    await admin.putSubscriber({ url: URL_1 });
    expect((await other.admin.listSubscribers({})).subscribers).toEqual([]);
    expect((await other.admin.removeSubscriber({ url: URL_1 })).removed).toBe(false);
  });

  it("are not for who only reads, and not where the desk refuses", async () => {
    const reader = await aCaller(["session:read"]);
    await expectRefusal("PERMISSION_DENIED", () => reader.admin.putSubscriber({ url: URL_1 }));
    await expectRefusal("PERMISSION_DENIED", () => reader.admin.removeSubscriber({ url: URL_1 }));
    await expectRefusal("PERMISSION_DENIED", () => reader.admin.listSubscribers({}));
    const { admin } = await aCaller();
    await expectRefusal("INVALID_ARGUMENT", () => admin.putSubscriber({ url: "http://10.0.0.1/" }));
  });
});

describe("messages of other kernels", () => {
  it("are shown to whoever reads, newest first and page by page, with what became of them", async () => {
    const { org, admin } = await aCaller(["session:read"]);
    const message = { envelopeId: "env_00000001", from: "other-kernel", receivedAt: "2026-08-04T12:00:00.000Z", state: "done", detail: "" };
    const closure = { ...message, seq: 2, id: "VCR-1", nodeId: "VCR-2", signal: { type: "VerdictClosureRecord", verdict: "favorable" } };
    const escalation = { ...message, seq: 1, id: "ESC-1", nodeId: null, signal: { type: "EscalationEvent", divergenceIds: [] } };
    await env.BLOBS.put(`test-messages/${org}`, JSON.stringify([closure, escalation]));
    const { messages } = await admin.listReceivedMessages({});
    expect(messages).toMatchObject([
      { seq: 2, id: "VCR-1", nodeId: "VCR-2", from: "other-kernel", signal: { type: "VerdictClosureRecord", verdict: "favorable" } },
      { seq: 1, id: "ESC-1", signal: { type: "EscalationEvent", divergenceIds: [] } },
    ]);
    expect(messages[1]?.nodeId).toBeUndefined();
    expect((await admin.listReceivedMessages({ before: 2, limit: 1 })).messages.map(({ seq }) => seq)).toEqual([1]);
    await expectRefusal("INVALID_ARGUMENT", () => admin.listReceivedMessages({ limit: 101 }));
  });
});
