import { Code, ConnectError } from "@connectrpc/connect";
import { create } from "@bufbuild/protobuf";
import { envelopeDigest, importSigningKey, verifyEnvelope, type EnvelopeKeyRecord } from "@factory/governance";
import { sessionIdOf } from "@factory/schemas";
import { SessionEventSchema, SubmitSessionResponseSchema, type SubmitSessionRequest } from "@factory/schemas/proto";
import { beforeEach, describe, expect, it } from "vitest";
import { memoryStorage } from "../testing/memory-storage.ts";
import { submitOrder, type OrderToSubmit, type SubmitDeps } from "./submit-order.ts";

const OWNER = { org: "acme", principalId: "ana" };
const RECORD: EnvelopeKeyRecord = { keyId: "ek", org: "acme", algorithm: "HMAC-SHA256", secret: Buffer.alloc(32, 7).toString("base64"), status: "active" };

const anOrder = (change: Partial<OrderToSubmit> = {}): OrderToSubmit => ({ text: "# A\n", files: [], assembly: null, owner: OWNER, ...change });

/** How a call ends after the platform has taken the order: answered, or lost on the way back. */
type Answer = "header" | "event" | "lost" | "nothing";

/** A gateway that verifies and names sessions as the real one does. */
class Gateway {
  readonly sessions = new Map<string, string>();
  readonly requests: SubmitSessionRequest[] = [];
  answers: Answer[] = [];
  nowMs = Date.parse("2026-08-04T12:00:00Z");

  readonly submitSession: SubmitDeps["gateway"]["submitSession"] = (request, options) => this.#stream(request as SubmitSessionRequest, options);

  async *#stream(request: SubmitSessionRequest, options: Parameters<SubmitDeps["gateway"]["submitSession"]>[1]) {
    this.requests.push(request);
    const sessionId = await this.#commission(request);
    const answer = this.answers.shift() ?? "header";
    if (answer === "lost") throw new ConnectError("The connection is gone.", Code.Unavailable);
    if (answer === "nothing") return;
    if (answer === "header") options?.onHeader?.(new Headers({ "factory-session-id": sessionId }));
    if (options?.signal?.aborted === true) throw new ConnectError("left", Code.Canceled);
    yield create(SubmitSessionResponseSchema, { event: create(SessionEventSchema, { sessionId }) });
    throw new Error("The stream was followed.");
  }

  async #commission({ envelope }: SubmitSessionRequest): Promise<string> {
    const value = envelope?.signature?.value ?? new Uint8Array();
    const opened = await verifyEnvelope(envelope?.payload ?? new Uint8Array(), { algorithm: "HMAC-SHA256", value }, async () => RECORD, this.nowMs);
    if (!opened.ok) throw new ConnectError(opened.code, Code.Unauthenticated);
    const sessionId = sessionIdOf("acme", opened.envelope.governance.workOrderId, opened.envelope.envelopeId);
    const digest = envelopeDigest(opened.envelope);
    if ((this.sessions.get(sessionId) ?? digest) !== digest) throw new ConnectError("other content", Code.AlreadyExists);
    this.sessions.set(sessionId, digest);
    return sessionId;
  }
}

let gateway: Gateway;
let deps: SubmitDeps;
beforeEach(async () => {
  gateway = new Gateway();
  const key = await importSigningKey({ keyId: "ek", algorithm: "HMAC-SHA256", secret: RECORD.secret });
  deps = { gateway, key: { keyId: "ek", algorithm: "HMAC-SHA256", key }, storage: memoryStorage(), now: () => gateway.nowMs };
});

describe("handing an order in", () => {
  it.each<Answer>(["header", "event"])("answers the session by the %s, and leaves the stream", async (answer) => {
    gateway.answers = [answer];
    expect([await submitOrder(deps, anOrder())]).toEqual([...gateway.sessions.keys()]);
  });

  it("makes one session of two presses at once", async () => {
    const [first, second] = await Promise.all([submitOrder(deps, anOrder()), submitOrder(deps, anOrder())]);
    expect([second, gateway.sessions.size, gateway.requests.length]).toEqual([first, 1, 2]);
  });

  it("finds the session again when the answer was lost, however late and after a reload", async () => {
    gateway.answers = ["lost", "nothing"];
    await expect(submitOrder(deps, anOrder())).rejects.toMatchObject({ code: Code.Unavailable });
    await expect(submitOrder(deps, anOrder())).rejects.toMatchObject({ code: Code.Unavailable });
    gateway.nowMs += 3_600_000;
    await submitOrder(deps, anOrder());
    expect([gateway.sessions.size, gateway.requests.length]).toEqual([1, 3]);
  });

  it.each([{ text: "# B\n" }, { files: [{ path: "a.ts", content: "" }] }, { assembly: "shop" }])(
    "makes another session of another draft: %j",
    async (change) => {
      gateway.answers = ["lost"];
      await expect(submitOrder(deps, anOrder())).rejects.toThrow("The connection is gone.");
      await submitOrder(deps, anOrder(change));
      expect(gateway.sessions.size).toBe(2);
    },
  );

  it("makes a new session of the same text once one was told", async () => {
    const first = await submitOrder(deps, anOrder());
    expect(await submitOrder(deps, anOrder())).not.toBe(first);
  });

  it("takes another id after one was refused for having another content", async () => {
    gateway.answers = ["lost"];
    await expect(submitOrder(deps, anOrder())).rejects.toThrow("The connection is gone.");
    for (const sessionId of gateway.sessions.keys()) gateway.sessions.set(sessionId, "of something else");
    await expect(submitOrder(deps, anOrder())).rejects.toMatchObject({ code: Code.AlreadyExists });
    await submitOrder(deps, anOrder());
    expect(gateway.sessions.size).toBe(2);
  });

  it("sends nothing when the browser cannot keep the id that a repeat needs", async () => {
    await expect(submitOrder({ ...deps, storage: memoryStorage(10) }, anOrder())).rejects.toMatchObject({ name: "QuotaExceededError" });
    expect(gateway.requests).toEqual([]);
  });
});
