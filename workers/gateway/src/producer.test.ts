import { objectName, sessionIdOf, ulidId } from "@factory/schemas";
import { SessionEventKind } from "@factory/schemas/proto";
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "./app.ts";
import { gatewayDeps } from "./bindings.ts";
import { PRODUCER_LIMITS } from "./producer-events.ts";
import { storeCredentials, type Credentials } from "./testing/builders.ts";
import { BASE, clientsOf, expectRefusal, put } from "./testing/clients.ts";

let acme: Credentials;
let other: Credentials;
let reader: Credentials;
beforeAll(async () => {
  acme = await storeCredentials(put, "acme");
  other = await storeCredentials(put, "other");
  reader = await storeCredentials(put, "acme", ["session:read"]);
});

// The object is the double of `testing/neighbours.mjs`.
type SessionDouble = { commission(request: object): Promise<object>; cancel(reason: string, principal: object): Promise<object> };
const sessionDouble = (sessionId: string) => env.SESSIONS.getByName(objectName.session("acme", sessionId)) as unknown as SessionDouble;

let opened = 0;
/** A session of acme that stays open. */
async function anOpenSession(): Promise<string> {
  opened += 1;
  const sessionId = sessionIdOf("acme", "WO-1", `env-${opened}`);
  await sessionDouble(sessionId).commission({ org: "acme", sessionId, workOrderId: "WO-1", order: { title: "Hold" }, envelopeDigest: "d" });
  return sessionId;
}

const wanted = (sessionId: string) => ({ sessionId, streams: ["beadUpdates"], ttlSeconds: 60, producer: "runner-1" });
const issue = (sessionId: string) => clientsOf(acme.apiKey).admin.issueProducerToken(wanted(sessionId));

const anEvent = () => ({
  eventId: ulidId("EVT"),
  kind: SessionEventKind.BEAD_CLAIMED,
  payload: {
    case: "bead" as const,
    value: {
      beadId: "BEAD-1",
      runId: "RUN-0123456789ABCDEFGHJKMNPQRS",
      atomId: "ATOM-1",
      title: "t",
      team: "build",
      role: "coder",
      fromState: "READY",
      toState: "LEASED",
    },
  },
});

describe("IssueProducerToken", () => {
  it("answers a token, its id and when it ends", async () => {
    const { token, tokenId, expiresAt } = await issue(await anOpenSession());
    expect(token.split(".")).toHaveLength(3);
    expect(tokenId).toMatch(/^[0-9a-f-]{36}$/);
    expect(Number(expiresAt?.seconds) * 1_000 - Date.now()).toBeLessThanOrEqual(60_000);
  });

  it("is for administrators, and of their own org's sessions", async () => {
    const sessionId = await anOpenSession();
    await expectRefusal("PERMISSION_DENIED", () => clientsOf(reader.apiKey).admin.issueProducerToken(wanted(sessionId)));
    await expectRefusal("NOT_FOUND", () => clientsOf(other.apiKey).admin.issueProducerToken(wanted(sessionId)));
  });

  it("names everything that is wrong with a request at once", async () => {
    const request = { sessionId: await anOpenSession(), streams: ["beadUpdates", "beadUpdates", "all"], ttlSeconds: 86_401, producer: "No Good" };
    const err = await expectRefusal("INVALID_ARGUMENT", () => clientsOf(acme.apiKey).admin.issueProducerToken(request));
    for (const field of ["streams.1", "streams.2", "ttl_seconds", "producer"]) expect(err.rawMessage).toContain(field);
  });

  it("is not for a session that has ended", async () => {
    const sessionId = await anOpenSession();
    await sessionDouble(sessionId).cancel("enough", {});
    await expectRefusal("FAILED_PRECONDITION", () => issue(sessionId));
  });
});

describe("AppendEvents", () => {
  it.each([
    ["Connect", {}],
    ["gRPC-Web", { grpcWeb: true }],
  ])("appends in order over %s, and a repeat of an event changes nothing (D-25)", async (_name, options) => {
    const sessionId = await anOpenSession();
    const { token } = await issue(sessionId);
    const { producer } = clientsOf(token, options);
    const events = [anEvent(), anEvent()];
    expect(await producer.appendEvents({ sessionId, events })).toMatchObject({ appended: 2, lastSeq: 3n });
    expect(await producer.appendEvents({ sessionId, events: [...events, anEvent()] })).toMatchObject({ appended: 1, lastSeq: 4n });
    const log: { read(after: number, limit: number): Promise<{ events: { eventId: string }[] }> } = env.SESSION_LOGS.getByName(
      objectName.sessionLog("acme", sessionId),
      // The double's own method.
    ) as never;
    expect((await log.read(1, 2)).events.map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
  });

  it("refuses a token of another session (D-24)", async () => {
    const [mine, theirs] = [await anOpenSession(), await anOpenSession()];
    const { token } = await issue(mine);
    await expectRefusal("PERMISSION_DENIED", () => clientsOf(token).producer.appendEvents({ sessionId: theirs, events: [anEvent()] }));
  });

  it("takes a producer token and nothing else, and no other method takes one (D-26)", async () => {
    const sessionId = await anOpenSession();
    const { token } = await issue(sessionId);
    const append = { sessionId, events: [anEvent()] };
    for (const credential of [null, acme.apiKey, `${token}x`])
      await expectRefusal("UNAUTHENTICATED", () => clientsOf(credential).producer.appendEvents(append));
    await expectRefusal("UNAUTHENTICATED", () => clientsOf(token).gateway.cancelSession({ sessionId, reason: "" }));
    await expectRefusal("UNAUTHENTICATED", () => clientsOf(token).admin.issueProducerToken(wanted(sessionId)));
  });

  it("refuses an event after the terminal one", async () => {
    const sessionId = await anOpenSession();
    const { token } = await issue(sessionId);
    await sessionDouble(sessionId).cancel("enough", {});
    await expectRefusal("FAILED_PRECONDITION", () => clientsOf(token).producer.appendEvents({ sessionId, events: [anEvent()] }));
  });

  it("refuses a stream that is not the token's", async () => {
    const sessionId = await anOpenSession();
    const { token } = await clientsOf(acme.apiKey).admin.issueProducerToken({ ...wanted(sessionId), streams: ["artifactWrites"] });
    await expectRefusal("PERMISSION_DENIED", () => clientsOf(token).producer.appendEvents({ sessionId, events: [anEvent()] }));
  });

  it("refuses more calls of one token than its limit before it reads them, and says when to come back (D-33)", async () => {
    const sessionId = await anOpenSession();
    const [limited, free] = [await issue(sessionId), await issue(sessionId)];
    const app = createApp({ ...gatewayDeps(env), admitProducerCall: async (tokenId) => tokenId !== limited.tokenId });
    const append = (token: string): Promise<Response> =>
      Promise.resolve(
        app.fetch(
          new Request(`${BASE}/factory.v1.FactoryProducer/AppendEvents`, {
            method: "POST",
            headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
            body: JSON.stringify({ sessionId, events: [] }),
          }),
          env,
          createExecutionContext(),
        ),
      );
    expect((await append(free.token)).status).toBe(400);
    const refused = await append(limited.token);
    expect(refused.headers.get("retry-after")).toBe("60");
    expect(await refused.json()).toMatchObject({ code: "resource_exhausted", message: expect.stringContaining(String(PRODUCER_LIMITS.callsPerMinute)) });
  });
});
