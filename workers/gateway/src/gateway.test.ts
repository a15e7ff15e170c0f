import { create, toJson } from "@bufbuild/protobuf";
import { MAX_ORDER_BYTES, MAX_SUBMISSION_BYTES, canonicalJson, objectName, sha256Hex } from "@factory/schemas";
import { SessionEventKind, SignatureAlgorithm, StreamMode, SubmitSessionRequestSchema, type SessionEvent } from "@factory/schemas/proto";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { SESSION_ID_HEADER } from "./gateway-service.ts";
import { anEnvelope, anOrder, signed, storeCredentials, type Credentials } from "./testing/builders.ts";
import { BASE, clientsOf, detailOf, expectRefusal, fetchEdge, put, type Clients } from "./testing/clients.ts";

let acme: Credentials;
let other: Credentials;
beforeAll(async () => {
  acme = await storeCredentials(put, "acme");
  other = await storeCredentials(put, "other");
});

type Submitted = { readonly events: SessionEvent[]; readonly sessionId: string };

async function submit(envelope = anEnvelope(), { clients = clientsOf(acme.apiKey), mode = StreamMode.ALL, credentials = acme } = {}): Promise<Submitted> {
  let sessionId = "";
  const events: SessionEvent[] = [];
  const request = { envelope: await signed(envelope, credentials.signingKey), streamMode: mode };
  const onHeader = (headers: Headers): void => {
    sessionId = headers.get(SESSION_ID_HEADER) ?? "";
  };
  for await (const { event } of clients.gateway.submitSession(request, { onHeader })) {
    if (event !== undefined) events.push(event);
  }
  return { events, sessionId };
}

type LogDouble = {
  breakOff(): Promise<void>;
  subscribers(): Promise<number>;
  whenUnsubscribed(): Promise<number>;
  append(identity: object, events: readonly object[]): Promise<object>;
};
type SessionDouble = { asked(): Promise<[string, Record<string, unknown>][]> };
// The objects are the doubles of `testing/neighbours.mjs`.
const logDouble = (sessionId: string): LogDouble => env.SESSION_LOGS.getByName(objectName.sessionLog("acme", sessionId)) as unknown as LogDouble;
const sessionDouble = (sessionId: string): SessionDouble => env.SESSIONS.getByName(objectName.session("acme", sessionId)) as unknown as SessionDouble;

/** Submits an order whose session stays open, and leaves the stream after the first event. */
async function hold(): Promise<string> {
  const envelope = anEnvelope({ payload: { workOrder: anOrder({ title: "Hold on" }), files: [], config: { reviewMode: "auto" } } });
  const request = create(SubmitSessionRequestSchema, { envelope: await signed(envelope, acme.signingKey) });
  const stream = await openStream("SubmitSession", toJson(SubmitSessionRequestSchema, request));
  await stream.leave();
  return stream.sessionId;
}

type OpenStream = { readonly sessionId: string; readonly first: unknown; readonly leave: () => Promise<void> };

/** A stream by hand, left by hand: a generated client does not cancel the call when its loop ends early. */
async function openStream(method: string, message: unknown): Promise<OpenStream> {
  const response = await fetchEdge(`${BASE}/factory.v1.FactoryGateway/${method}`, {
    method: "POST",
    headers: { "content-type": "application/connect+json", authorization: `Bearer ${acme.apiKey}` },
    body: frame(message),
  });
  const reader = response.body?.getReader();
  const chunk = await reader?.read();
  if (reader === undefined || chunk?.value === undefined) throw new Error("The stream has no first message.");
  return { sessionId: response.headers.get(SESSION_ID_HEADER) ?? "", first: framesOf(chunk.value)[0], leave: () => reader.cancel() };
}
const kinds = (events: readonly SessionEvent[]): string[] => events.map((event) => SessionEventKind[event.kind] ?? "?");
const DONE = ["SESSION_SUBMITTED", "COMPILATION_COMPLETE", "BEAD_CLAIMED", "BEAD_RELEASED", "DEPLOYING", "ARTIFACT_WRITTEN", "SESSION_COMPLETED"];

describe("SubmitSession", () => {
  it.each([
    ["Connect, binary", {}],
    ["Connect, JSON", { binary: false }],
    ["gRPC-Web, binary", { grpcWeb: true }],
    ["gRPC-Web, JSON", { grpcWeb: true, binary: false }],
  ])("streams from the first event to the terminal one over %s", async (_name, options) => {
    const { events, sessionId } = await submit(anEnvelope(), { clients: clientsOf(acme.apiKey, options) });
    expect(kinds(events)).toEqual(DONE);
    expect(events.map((event) => event.seq)).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n]);
    expect(events[0]?.sessionId).toBe(sessionId);
    expect(events[2]?.payload).toMatchObject({ case: "bead", value: { title: "slugify", toState: "LEASED", epoch: 1 } });
  });

  it("hands the session what was signed: the order, the files in the store, who called", async () => {
    const files = [
      { path: "src/a.ts", content: "export const a = 'ä';\n" },
      { path: "src/b.ts", content: "export const a = 'ä';\n" },
    ];
    const envelope = anEnvelope({ payload: { workOrder: anOrder(), files, config: { reviewMode: "auto", budgetUsd: 3 } } });
    const { sessionId } = await submit(envelope);
    const [asked] = await sessionDouble(sessionId).asked();
    const digest = sha256Hex("export const a = 'ä';\n");
    expect(asked?.[1]).toMatchObject({
      org: "acme",
      sessionId,
      principal: { id: "tester", kind: "api-key", org: "acme", person: "tester" },
      identity: { actorId: "ana", actorType: "human" },
      baseTree: { "src/a.ts": digest, "src/b.ts": digest },
      config: { reviewMode: "auto", budgetUsd: 3, language: "typescript" },
      order: { title: "Slugs", functions: [{ name: "slugify" }] },
    });
    expect(await (await env.BLOBS.get(`blobs/${digest.slice(0, 2)}/${digest}`))?.text()).toBe("export const a = 'ä';\n");
  });

  it("finds the session again for the same body, signed anew", async () => {
    const envelope = anEnvelope();
    const first = await submit(envelope);
    const second = await submit({ ...envelope, timestamp: new Date(Date.now() + 1).toISOString() });
    expect(second.sessionId).toBe(first.sessionId);
    expect(kinds(second.events)).toEqual(DONE);
  });

  it("refuses another body under the same ids", async () => {
    const envelope = anEnvelope();
    await submit(envelope);
    await expectRefusal("ALREADY_EXISTS", () => submit({ ...envelope, purposeId: "BCO-2" as typeof envelope.purposeId }));
  });

  it("begins with SESSION_SUBMITTED whatever the mode", async () => {
    expect(kinds((await submit(anEnvelope(), { mode: StreamMode.TERMINAL_ONLY })).events)).toEqual(["SESSION_SUBMITTED", "SESSION_COMPLETED"]);
    expect(kinds((await submit(anEnvelope(), { mode: StreamMode.STATE_TRANSITIONS })).events)).toEqual([
      "SESSION_SUBMITTED",
      "COMPILATION_COMPLETE",
      "DEPLOYING",
      "SESSION_COMPLETED",
    ]);
  });

  it("refuses a stream mode that does not exist, before it makes a session", async () => {
    await expectRefusal("INVALID_ARGUMENT", () => submit(anEnvelope(), { mode: 9 as never }));
  });

  it("names line, rule and fix of every fault of a malformed order", async () => {
    const workOrder = "# Broken\n\n## Goal\n\nNothing.\n\n```examples\nnone(1) => \n```\n";
    const envelope = anEnvelope({ payload: { workOrder, files: [], config: {} } });
    const err = await expectRefusal("ORDER_INVALID", () => submit(envelope));
    const { faults } = detailOf(err);
    expect(faults.length).toBeGreaterThan(1);
    for (const fault of faults)
      expect(fault).toMatchObject({ line: expect.any(Number), rule: expect.stringMatching(/^[A-Z_]+$/), fix: expect.stringMatching(/.{8}/) });
    expect(faults.every((fault) => fault.line >= 1 && fault.line <= workOrder.split("\n").length)).toBe(true);
  });

  it("refuses an order that names a repository", async () => {
    const workOrder = `---\nrepository:\n  url: https://example.com/x.git\n  ref: main\n---\n${anOrder()}`;
    await expectRefusal("REPOSITORY_UNSUPPORTED", () => submit(anEnvelope({ payload: { workOrder, files: [], config: {} } })));
  });

  it("refuses front matter that contradicts the envelope", async () => {
    const workOrder = `---\nreview_mode: human\n---\n${anOrder()}`;
    const err = await expectRefusal("ENVELOPE_CONTRADICTION", () => submit(anEnvelope({ payload: { workOrder, files: [], config: { reviewMode: "auto" } } })));
    expect(err.rawMessage).toContain("review_mode");
  });

  it("refuses an order over 1 MiB and names the limit", async () => {
    const workOrder = anOrder() + "x".repeat(MAX_ORDER_BYTES);
    const err = await expectRefusal("TOO_LARGE", () => submit(anEnvelope({ payload: { workOrder, files: [], config: {} } })));
    expect(err.rawMessage).toContain("1 MiB");
  });

  it("refuses files that together are over 8 MiB and names the limit", async () => {
    const files = Array.from({ length: 8 }, (_, index) => ({ path: `src/f${index}.ts`, content: "y".repeat(MAX_ORDER_BYTES) }));
    expect(files.reduce((sum, file) => sum + file.content.length, 0)).toBe(MAX_SUBMISSION_BYTES);
    const err = await expectRefusal("TOO_LARGE", () => submit(anEnvelope({ payload: { workOrder: anOrder(), files, config: {} } })));
    expect(err.rawMessage).toContain("8 MiB");
  });

  it("refuses a file that is named twice", async () => {
    const files = [
      { path: "src/a.ts", content: "1" },
      { path: "src/a.ts", content: "2" },
    ];
    const err = await expectRefusal("INVALID_ARGUMENT", () => submit(anEnvelope({ payload: { workOrder: anOrder(), files, config: {} } })));
    expect(err.rawMessage).toContain("src/a.ts");
  });

  it("keeps a tree's odd names", async () => {
    const files = [
      { path: "__proto__", content: "1" },
      { path: "constructor", content: "2" },
    ];
    const { sessionId } = await submit(anEnvelope({ payload: { workOrder: anOrder(), files, config: {} } }));
    const [asked] = await sessionDouble(sessionId).asked();
    expect(Object.keys(asked?.[1]["baseTree"] as object).sort()).toEqual(["__proto__", "constructor"]);
  });
});

describe("an envelope at the edge", () => {
  const send = async (change: (wire: Awaited<ReturnType<typeof signed>>) => void): Promise<void> => {
    const envelope = await signed(anEnvelope(), acme.signingKey);
    change(envelope);
    for await (const _ of clientsOf(acme.apiKey).gateway.submitSession({ envelope })) break;
  };

  it("is refused with a changed signature", async () => {
    await expectRefusal("SIGNATURE_INVALID", () => send((wire) => wire.signature?.value.set([wire.signature.value[0] === 0 ? 1 : 0])));
  });

  it("is refused without a signature", async () => {
    await expectRefusal("SIGNATURE_INVALID", () => send((wire) => delete wire.signature));
  });

  it("is refused without an algorithm", async () => {
    await expectRefusal("INVALID_ARGUMENT", () => send((wire) => wire.signature && (wire.signature.algorithm = SignatureAlgorithm.UNSPECIFIED)));
  });

  it("is refused when it was signed with the key of another org", async () => {
    await expectRefusal("SIGNATURE_INVALID", () => submit(anEnvelope(), { credentials: other }));
  });

  it("is refused when its bytes are not canonical", async () => {
    await expectRefusal("ENVELOPE_NOT_CANONICAL", () =>
      send((wire) => void (wire.payload = new TextEncoder().encode(` ${new TextDecoder().decode(wire.payload)}`))),
    );
  });

  it("is refused when it is not JSON", async () => {
    await expectRefusal("INVALID_ARGUMENT", () => send((wire) => void (wire.payload = new Uint8Array([0xff, 0x00, 0x7b]))));
  });

  it("is refused when it misses a field", async () => {
    const err = await expectRefusal("INVALID_ARGUMENT", () =>
      send((wire) => void (wire.payload = new TextEncoder().encode(canonicalJson({ schemaVersion: "1.0.0" })))),
    );
    expect(err.rawMessage).toContain("envelopeId");
  });

  it("is refused when it is stale", async () => {
    const old = await signed(anEnvelope(), acme.signingKey, Date.now() - 61_000);
    await expectRefusal("ENVELOPE_STALE", () => send((wire) => Object.assign(wire, old)));
  });

  it("is refused when it is absent", async () => {
    await expectRefusal("INVALID_ARGUMENT", async () => {
      for await (const _ of clientsOf(acme.apiKey).gateway.submitSession({})) break;
    });
  });
});

describe("authentication", () => {
  it.each([null, "fk_acme_wrong", `fk_acme_${"A".repeat(43)}`])("refuses every method to the key %j", async (apiKey) => {
    const clients = clientsOf(apiKey);
    const { gateway, delivery } = clients;
    await expectRefusal("UNAUTHENTICATED", () => submit(anEnvelope(), { clients }));
    await expectRefusal("UNAUTHENTICATED", () => gateway.cancelSession({ sessionId: "x" }));
    await expectRefusal("UNAUTHENTICATED", () => gateway.acknowledgeReview({ sessionId: "x" }));
    await expectRefusal("UNAUTHENTICATED", () => delivery.getEvidence({ sessionId: "x" }));
    await expectRefusal("UNAUTHENTICATED", () => drain(gateway.resumeStream({ sessionId: "x" })));
    await expectRefusal("UNAUTHENTICATED", () => drain(delivery.getDeliverable({ sessionId: "x" })));
  });

  it("opens each method with its own scope and no other", async () => {
    const reader = await storeCredentials(put, "acme", ["session:read"]);
    const clients = clientsOf(reader.apiKey);
    const { gateway, delivery } = clients;
    const { sessionId } = await submit();
    for (const [scope, run] of [
      ["session:submit", () => submit(anEnvelope(), { clients })],
      ["session:control", () => gateway.cancelSession({ sessionId })],
      ["review:decide", () => gateway.acknowledgeReview({ sessionId })],
    ] as const) {
      const err = await expectRefusal("PERMISSION_DENIED", run);
      expect(err.rawMessage).toContain(scope);
    }
    await expect(delivery.getEvidence({ sessionId })).resolves.toMatchObject({ evidenceId: "EVD-0000000000000000000000000A" });

    const submitter = clientsOf((await storeCredentials(put, "acme", ["session:submit"])).apiKey);
    await expectRefusal("PERMISSION_DENIED", () => drain(submitter.gateway.resumeStream({ sessionId })));
    await expectRefusal("PERMISSION_DENIED", () => submitter.delivery.getEvidence({ sessionId }));
    await expectRefusal("PERMISSION_DENIED", () => drain(submitter.delivery.getDeliverable({ sessionId })));
  });
});

async function drain<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of stream) all.push(item);
  return all;
}

describe("ResumeStream", () => {
  const gateway = (): Clients["gateway"] => clientsOf(acme.apiKey).gateway;
  const resume = async (sessionId: string, fromSequence: bigint, more: { streamMode?: StreamMode; replayOnly?: boolean } = {}): Promise<SessionEvent[]> =>
    (await drain(gateway().resumeStream({ sessionId, fromSequence, ...more }))).flatMap(({ event }) => (event === undefined ? [] : [event]));

  it("replays a finished session strictly after the sequence", async () => {
    const { sessionId } = await submit();
    expect((await resume(sessionId, 4n)).map((event) => event.seq)).toEqual([5n, 6n, 7n]);
    expect(await resume(sessionId, 7n)).toEqual([]);
    expect(kinds(await resume(sessionId, 0n, { streamMode: StreamMode.TERMINAL_ONLY }))).toEqual(["SESSION_COMPLETED"]);
  });

  it("refuses a sequence after the last event, and one that no number holds", async () => {
    const { sessionId } = await submit();
    await expectRefusal("INVALID_ARGUMENT", () => resume(sessionId, 8n));
    await expectRefusal("INVALID_ARGUMENT", () => resume(sessionId, 2n ** 63n));
  });

  it("follows an open session live to its end", async () => {
    const sessionId = await hold();
    const following = resume(sessionId, 0n);
    await clientsOf(acme.apiKey).gateway.cancelSession({ sessionId, reason: "enough" });
    expect(kinds(await following)).toEqual(["SESSION_SUBMITTED", "SESSION_CANCELLED"]);
  });

  it("ends at the tip of an open session when only a replay is asked for", async () => {
    const sessionId = await hold();
    expect(kinds(await resume(sessionId, 0n, { replayOnly: true }))).toEqual(["SESSION_SUBMITTED"]);
    expect(await resume(sessionId, 1n, { replayOnly: true })).toEqual([]);
  });

  it("says UNAVAILABLE when the log breaks off, with the advice to resume", async () => {
    const sessionId = await hold();
    const seen: SessionEvent[] = [];
    const err = await expectRefusal("UNAVAILABLE", async () => {
      for await (const { event } of gateway().resumeStream({ sessionId })) {
        if (event !== undefined) seen.push(event);
        await logDouble(sessionId).breakOff();
      }
    });
    expect(kinds(seen)).toEqual(["SESSION_SUBMITTED"]);
    expect(err.rawMessage).toContain("ResumeStream");
  });

  it("stops its subscription when the client goes", async () => {
    const sessionId = await hold();
    expect(await logDouble(sessionId).whenUnsubscribed()).toBe(0);
    const stream = await openStream("ResumeStream", { sessionId });
    expect(stream.first).toMatchObject({ event: { seq: "1" } });
    expect(await logDouble(sessionId).subscribers()).toBe(1);
    await stream.leave();
    expect(await logDouble(sessionId).whenUnsubscribed()).toBe(0);
  });

  it("ends with DEADLINE_EXCEEDED when the caller's time is up, and stops its subscription", async () => {
    const sessionId = await hold();
    await logDouble(sessionId).whenUnsubscribed();
    // Sent by hand: a client that knows the deadline itself would end the call before the server does.
    const response = await fetchEdge(`${BASE}/factory.v1.FactoryGateway/ResumeStream`, {
      method: "POST",
      headers: { "content-type": "application/connect+json", authorization: `Bearer ${acme.apiKey}`, "connect-timeout-ms": "150" },
      body: frame({ sessionId }),
    });
    const [first, end] = framesOf(new Uint8Array(await response.arrayBuffer()));
    expect(first).toMatchObject({ event: { kind: "SESSION_EVENT_KIND_SESSION_SUBMITTED" } });
    expect(end).toMatchObject({ error: { code: "deadline_exceeded", details: [{ type: "factory.v1.ErrorDetail", debug: { code: "DEADLINE_EXCEEDED" } }] } });
    expect(await logDouble(sessionId).whenUnsubscribed()).toBe(0);
  });
});

/** One enveloped JSON message of the Connect streaming protocol. */
function frame(message: unknown, flags = 0): Uint8Array<ArrayBuffer> {
  const data = new TextEncoder().encode(JSON.stringify(message));
  const bytes = new Uint8Array(5 + data.length);
  bytes[0] = flags;
  new DataView(bytes.buffer).setUint32(1, data.length);
  bytes.set(data, 5);
  return bytes;
}

function framesOf(bytes: Uint8Array): unknown[] {
  const frames: unknown[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at + 1);
    frames.push(JSON.parse(new TextDecoder().decode(bytes.subarray(at + 5, at + 5 + length))));
    at += 5 + length;
  }
  return frames;
}

describe("an unknown session", () => {
  const absent = "SES-0123456789ABCDEFGHJKMNPQRS";
  it.each([absent, "SES-1", "nonsense", "../../x"])("is NOT_FOUND for every method: %s", async (sessionId) => {
    const { gateway, delivery } = clientsOf(acme.apiKey);
    await expectRefusal("NOT_FOUND", () => drain(gateway.resumeStream({ sessionId })));
    await expectRefusal("NOT_FOUND", () => gateway.cancelSession({ sessionId }));
    await expectRefusal("NOT_FOUND", () => gateway.acknowledgeReview({ sessionId, reviewId: "REV-1", decision: "approved", actionDigest: "0" }));
    await expectRefusal("NOT_FOUND", () => delivery.getEvidence({ sessionId }));
    await expectRefusal("NOT_FOUND", () => drain(delivery.getDeliverable({ sessionId })));
  });

  it("is what another org's session is", async () => {
    const { sessionId } = await submit();
    const stranger = clientsOf(other.apiKey);
    await expectRefusal("NOT_FOUND", () => drain(stranger.gateway.resumeStream({ sessionId })));
    await expectRefusal("NOT_FOUND", () => stranger.gateway.cancelSession({ sessionId }));
    await expectRefusal("NOT_FOUND", () => stranger.delivery.getEvidence({ sessionId }));
  });

  it("is INVALID_ARGUMENT when no id is given at all", async () => {
    await expectRefusal("INVALID_ARGUMENT", () => clientsOf(acme.apiKey).gateway.cancelSession({}));
  });
});

describe("CancelSession", () => {
  it("stops a session and answers a repeat like the first call", async () => {
    const sessionId = await hold();
    const { gateway } = clientsOf(acme.apiKey);
    const first = await gateway.cancelSession({ sessionId, reason: "enough" });
    expect(first).toMatchObject({ accepted: true, reason: "CANCELLED" });
    expect(await gateway.cancelSession({ sessionId, reason: "enough" })).toEqual(first);
    const asked = await sessionDouble(sessionId).asked();
    expect(asked.at(-1)).toEqual(["cancel", { reason: "enough", principal: { id: "tester", kind: "api-key", org: "acme", person: "tester" } }]);
  });

  it("is not accepted by a session that has ended otherwise", async () => {
    const { sessionId } = await submit();
    expect(await clientsOf(acme.apiKey).gateway.cancelSession({ sessionId })).toMatchObject({ accepted: false, reason: expect.stringContaining("COMPLETED") });
  });
});

describe("AcknowledgeReview", () => {
  const review = { reviewId: "REV-1", decision: "approved", note: "go", actionDigest: "ab" };

  it("hands the decision over with who made it", async () => {
    const sessionId = await hold();
    expect(await clientsOf(acme.apiKey).gateway.acknowledgeReview({ sessionId, ...review })).toMatchObject({ accepted: true, reason: "COMPILING" });
    const asked = await sessionDouble(sessionId).asked();
    const policy = { decisionId: expect.stringMatching(/^[0-9a-f]{64}$/), policies: ["test-permit"], policySet: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expect(asked.at(-1)).toEqual(["acknowledge", { ...review, principal: { id: "tester", kind: "api-key", org: "acme", person: "tester" }, policy }]);
  });

  it("refuses what is not a decision, and one without review or digest", async () => {
    const sessionId = await hold();
    const { gateway } = clientsOf(acme.apiKey);
    await expectRefusal("INVALID_ARGUMENT", () => gateway.acknowledgeReview({ sessionId, ...review, decision: "maybe" }));
    await expectRefusal("INVALID_ARGUMENT", () => gateway.acknowledgeReview({ sessionId, ...review, reviewId: "" }));
    await expectRefusal("INVALID_ARGUMENT", () => gateway.acknowledgeReview({ sessionId, ...review, actionDigest: "" }));
  });

  it("passes a refusal on with its code", async () => {
    const sessionId = await hold();
    await expectRefusal("REVIEW_CLOSED", () => clientsOf(acme.apiKey).gateway.acknowledgeReview({ sessionId, ...review, reviewId: "REV-closed" }));
  });

  it("turns an unexpected failure into INTERNAL with the request id and nothing of its cause", async () => {
    const sessionId = await hold();
    const err = await expectRefusal("INTERNAL", () =>
      clientsOf(acme.apiKey).gateway.acknowledgeReview({ sessionId, ...review, reviewId: "REV-explodes" }, { headers: { "x-request-id": "req-7" } }),
    );
    expect(err.rawMessage).toContain("req-7");
    expect(err.rawMessage).not.toContain("secret");
    expect(err.metadata.get("x-request-id")).toBe("req-7");
  });
});

describe("FactoryDelivery", () => {
  it("hands over every file in path order, in chunks of 64 KiB, each with its digest", async () => {
    const { sessionId } = await submit();
    const chunks = await drain(clientsOf(acme.apiKey).delivery.getDeliverable({ sessionId }));
    expect(chunks.map(({ path, offset, size, data }) => [path, Number(offset), Number(size), data.length])).toEqual([
      ["README.md", 0, 12, 12],
      ["src/b.ts", 0, 150_000, 65_536],
      ["src/b.ts", 65_536, 150_000, 65_536],
      ["src/b.ts", 131_072, 150_000, 18_928],
      ["src/empty.ts", 0, 0, 0],
    ]);
    expect(new Set(chunks.map((chunk) => chunk.mode))).toEqual(new Set([0o644]));
    const big = chunks.filter((chunk) => chunk.path === "src/b.ts");
    expect(sha256Hex(Buffer.concat(big.map((chunk) => chunk.data)))).toBe(big[0]?.sha256);
  });

  it("hands over the evidence package, bytes and digest", async () => {
    const { sessionId } = await submit();
    const evidence = await clientsOf(acme.apiKey).delivery.getEvidence({ sessionId });
    expect(sha256Hex(evidence.package)).toBe(evidence.sha256);
    expect(JSON.parse(new TextDecoder().decode(evidence.package))).toEqual({ session: sessionId });
  });

  it("has nothing before the session has ended", async () => {
    const sessionId = await hold();
    const { delivery } = clientsOf(acme.apiKey);
    await expectRefusal("NOT_DELIVERED", () => drain(delivery.getDeliverable({ sessionId })));
    await expectRefusal("NOT_DELIVERED", () => delivery.getEvidence({ sessionId }));
  });

  it("refuses with INTEGRITY when a stored byte differs", async () => {
    const { sessionId } = await submit();
    await env.BLOBS.put(`evidence/acme/${sessionId}.json`, "{}");
    await expectRefusal("INTEGRITY", () => clientsOf(acme.apiKey).delivery.getEvidence({ sessionId }));
    const manifest = (size: number): string => JSON.stringify({ files: [{ path: "src/empty.ts", mode: 0o644, digest: sha256Hex(""), bytes: size }] });
    await env.BLOBS.put(`deliverables/acme/${sessionId}.json`, manifest(1));
    await expectRefusal("INTEGRITY", () => drain(clientsOf(acme.apiKey).delivery.getDeliverable({ sessionId })));
    await env.BLOBS.put(`deliverables/acme/${sessionId}.json`, "not json");
    await expectRefusal("INTEGRITY", () => drain(clientsOf(acme.apiKey).delivery.getDeliverable({ sessionId })));
  });
});

describe("the protocol", () => {
  const cancel = `${BASE}/factory.v1.FactoryGateway/CancelSession`;
  const call = (headers: { [name: string]: string }, body: BodyInit | null, url = cancel): Promise<Response> =>
    fetchEdge(url, { method: "POST", headers: { authorization: `Bearer ${acme.apiKey}`, ...headers }, body });

  it.each(["not json", "{", "[]", '{"sessionId":7}', "\u0000"])("answers the JSON body %j with invalid_argument and a detail", async (body) => {
    const response = await call({ "content-type": "application/json" }, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: "invalid_argument",
      details: [{ type: "factory.v1.ErrorDetail", debug: { code: "INVALID_ARGUMENT" } }],
    });
  });

  it("answers a binary body that is no message with invalid_argument", async () => {
    const response = await call({ "content-type": "application/proto" }, new Uint8Array([255, 255, 255]));
    expect(await response.json()).toMatchObject({ code: "invalid_argument" });
  });

  it("answers garbage on a stream with an end-of-stream error", async () => {
    const url = `${BASE}/factory.v1.FactoryGateway/SubmitSession`;
    const response = await call({ "content-type": "application/connect+json" }, "garbage, not an envelope", url);
    expect(response.status).toBe(200);
    const [end] = framesOf(new Uint8Array(await response.arrayBuffer()));
    expect(end).toMatchObject({
      error: { code: expect.stringMatching(/^(invalid_argument|resource_exhausted)$/), details: [{ type: "factory.v1.ErrorDetail" }] },
    });
  });

  it("answers a content type that is not of the protocol with 415, another verb with 405, another path with 404", async () => {
    expect((await call({ "content-type": "text/html" }, "{}")).status).toBe(415);
    expect((await call({ "content-type": "application/grpc" }, "{}")).status).toBe(415);
    expect((await fetchEdge(cancel)).status).toBe(405);
    const missing = await call({ "content-type": "application/json" }, "{}", `${BASE}/factory.v1.FactoryGateway/Nothing`);
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ code: "unimplemented" });
  });

  it("answers an unknown compression with unimplemented and names the one it takes", async () => {
    const response = await call({ "content-type": "application/json", "content-encoding": "zstd" }, "{}");
    expect(response.status).toBe(501);
    expect(await response.json()).toMatchObject({
      code: "unimplemented",
      message: expect.stringContaining("gzip"),
      details: [{ debug: { code: "UNIMPLEMENTED" } }],
    });
  });

  it("takes a gzip body and answers in gzip when that is accepted", async () => {
    const sessionId = await hold();
    const zipped = await new Response(new Blob([JSON.stringify({ sessionId })]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
    const response = await call({ "content-type": "application/json", "content-encoding": "gzip", "accept-encoding": "gzip" }, zipped);
    expect(await response.json()).toEqual({ accepted: true, reason: "CANCELLED" });
    const broken = await call({ "content-type": "application/json", "content-encoding": "gzip" }, "no gzip");
    expect(await broken.json()).toMatchObject({ code: "invalid_argument" });
  });

  it("refuses a small body that inflates beyond the limit", async () => {
    const bomb = await new Response(new Blob([new Uint8Array(13 * 1_048_576)]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
    const response = await call({ "content-type": "application/proto", "content-encoding": "gzip" }, bomb);
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ code: "resource_exhausted", details: [{ debug: { code: "TOO_LARGE" } }] });
  });

  it("refuses a deadline that is not a number", async () => {
    const response = await call({ "content-type": "application/json", "connect-timeout-ms": "soon" }, "{}");
    expect(await response.json()).toMatchObject({ code: "invalid_argument" });
  });

  it("asks for the credential before it reads the body", async () => {
    const response = await fetchEdge(cancel, { method: "POST", headers: { "content-type": "application/json" }, body: "not json" });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "unauthenticated", details: [{ debug: { code: "UNAUTHENTICATED" } }] });
  });
});

describe("the other routes", () => {
  it("reports every Worker's health", async () => {
    const response = await fetchEdge(`${BASE}/health`);
    expect(response.status).toBe(200);
    const report = await response.json<{ ok: boolean; workers: { worker: string; ok: boolean }[] }>();
    expect(report.ok).toBe(true);
    expect(report.workers.map(({ worker, ok }) => [worker, ok])).toEqual(
      ["commissioning", "mediation", "pipeline", "graph", "stream", "governance", "linear-bridge", "graphql", "dashboard"].map((name) => [name, true]),
    );
  });

  it("reports its version and deployment without a credential", async () => {
    const response = await fetchEdge(`${BASE}/version`);
    expect(await response.json()).toMatchObject({ name: "factory", version: expect.stringMatching(/^\d+\.\d+\.\d+$/), deployment: { id: expect.any(String) } });
  });

  it("keeps a caller's request id, and makes one where there is none or a bad one", async () => {
    const idOf = async (headers: { [name: string]: string }): Promise<string | null> =>
      (await fetchEdge(`${BASE}/version`, { headers })).headers.get("x-request-id");
    expect(await idOf({ "x-request-id": "req-42" })).toBe("req-42");
    expect(await idOf({})).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idOf({ "x-request-id": "a b" })).toMatch(/^[0-9a-f-]{36}$/);
  });
});
