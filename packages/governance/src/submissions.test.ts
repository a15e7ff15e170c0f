import { describe, expect, it } from "vitest";
import { envelopeDigest, signEnvelope, verifyEnvelope } from "./envelopes.ts";
import { newEnvelopeId, orderEnvelope, type OrderSubmission } from "./submissions.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");
const SECRET = Buffer.alloc(32, 5).toString("base64");
const KEY = { keyId: "ek", algorithm: "HMAC-SHA256", secret: SECRET } as const;

const aSubmission = (change: Partial<OrderSubmission> = {}): OrderSubmission => ({
  text: "# Prices\n",
  files: [{ path: "src/ä.ts", content: "export {};\n" }],
  assembly: undefined,
  envelopeId: "env_01234567",
  kernelId: "factory-cli",
  actorId: "ana",
  ...change,
});

async function opened(submission: OrderSubmission, nowMs: number) {
  const { payload, signature } = await signEnvelope(orderEnvelope(submission, nowMs), KEY, nowMs);
  const answer = await verifyEnvelope(payload, signature, async () => ({ ...KEY, org: "acme", status: "active" }), nowMs);
  if (!answer.ok) throw new Error(answer.message);
  return answer.envelope;
}

describe("an order's envelope", () => {
  it("verifies, and carries the order, its files and who handed it in", async () => {
    expect(await opened(aSubmission({ assembly: "shop" }), NOW)).toMatchObject({
      session: { assemblyId: "shop" },
      identity: { actorId: "ana", actorType: "human" },
      payload: { workOrder: "# Prices\n", files: [{ path: "src/ä.ts" }] },
    });
  });

  it("is of `main` when the order names no assembly", async () => {
    expect((await opened(aSubmission(), NOW)).session.assemblyId).toBe("main");
  });

  it("is the same submission when it is made again later", async () => {
    const [first, second] = [await opened(aSubmission(), NOW), await opened(aSubmission(), NOW + 90_000)];
    expect(second.signedAt).not.toBe(first.signedAt);
    expect(envelopeDigest(second)).toBe(envelopeDigest(first));
  });

  it.each([{ text: "# Other\n" }, { files: [] }, { assembly: "shop" }, { actorId: "bo" }, { envelopeId: "env_76543210" }])(
    "is another submission with %j",
    async (change) => {
      expect(envelopeDigest(await opened(aSubmission(change), NOW))).not.toBe(envelopeDigest(await opened(aSubmission(), NOW)));
    },
  );

  it("has an id of its own each time", async () => {
    const [first, second] = [newEnvelopeId(), newEnvelopeId()];
    expect(first).not.toBe(second);
    expect((await opened(aSubmission({ envelopeId: first }), NOW)).envelopeId).toBe(first);
  });
});
