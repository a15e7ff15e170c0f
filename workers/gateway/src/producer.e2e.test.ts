/** A runner outside, with `buf curl` and with the `factory` command, at a real port. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create, toJsonString } from "@bufbuild/protobuf";
import { ulidId } from "@factory/schemas";
import { SubmitSessionRequestSchema } from "@factory/schemas/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PRODUCER_LIMITS } from "./producer-events.ts";
import { anEnvelope, anOrder, signed } from "./testing/builders.ts";
import { bufCurl, jsonObjects, REPOSITORY, run } from "./testing/edge-contract.ts";
import { startEdge, type Edge } from "./testing/edge.ts";

const FACTORY = join(REPOSITORY, "packages", "cli", "bin", "factory.mjs");

let edge: Edge;
let sessionId: string;
beforeAll(async () => {
  edge = await startEdge();
  sessionId = await anOpenSession();
});
afterAll(() => edge?.stop());

/** A session that stays open; the stream of its caller is left after the first event. */
async function anOpenSession(): Promise<string> {
  const envelope = await signed(anEnvelope({ payload: { workOrder: anOrder({ title: "Hold on" }), files: [], config: {} } }), edge.credentials.signingKey);
  const message = Buffer.from(toJsonString(SubmitSessionRequestSchema, create(SubmitSessionRequestSchema, { envelope })));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const response = await fetch(`${edge.url}/factory.v1.FactoryGateway/SubmitSession`, {
    method: "POST",
    headers: { "content-type": "application/connect+json", authorization: `Bearer ${edge.credentials.apiKey}` },
    body: Buffer.concat([prefix, message]),
  });
  const id = response.headers.get("factory-session-id") ?? "";
  await response.body?.cancel();
  return id;
}

function factory(...args: string[]): ReturnType<typeof run> {
  return run(process.execPath, [FACTORY, ...args], { env: { ...process.env, FACTORY_URL: edge.url, FACTORY_API_KEY: edge.credentials.apiKey } });
}

const lastJson = (text: string): unknown => JSON.parse(text.trimEnd().split("\n").at(-1) ?? "null");

const append = (token: string, events: readonly object[]) =>
  bufCurl(
    { url: edge.url, credentials: { ...edge.credentials, apiKey: token } },
    "connect",
    "FactoryProducer/AppendEvents",
    JSON.stringify({ sessionId, events }),
  );

const bead = { beadId: "BEAD-1", runId: "RUN-0123456789ABCDEFGHJKMNPQRS", atomId: "ATOM-1", title: "t", team: "b", role: "coder", fromState: "READY" };
const anEvent = (toState = "LEASED") => ({
  eventId: ulidId("EVT"),
  kind: "SESSION_EVENT_KIND_BEAD_CLAIMED",
  occurredAt: "2026-08-04T12:00:00Z",
  bead: { ...bead, toState },
});

async function aToken(): Promise<string> {
  const { stdout, code, stderr } = await factory(
    "admin",
    "producer-token",
    sessionId,
    "--streams",
    "beadUpdates",
    "--ttl",
    "10m",
    "--producer",
    "ci",
    "--json",
  );
  expect(code, stderr).toBe(0);
  return (lastJson(stdout) as { token: string }).token;
}

describe("a runner outside", () => {
  it("gets a token from `factory admin producer-token` and appends with `buf curl`; a repeat changes nothing", async () => {
    const token = await aToken();
    const events = [anEvent(), anEvent()];
    const first = await append(token, events);
    expect(first.code, first.stderr).toBe(0);
    expect(jsonObjects(first.stdout)[0]).toMatchObject({ appended: 2 });
    const again = jsonObjects((await append(token, events)).stdout)[0];
    expect(again).not.toHaveProperty("appended");
    expect(again).toMatchObject({ lastSeq: "3" });
    const events_ = await factory("events", sessionId, "--json");
    expect(events_.stdout).toContain(events[1]?.eventId);
  });

  it("is refused what is not its own, by code and field", async () => {
    const token = await aToken();
    const wrongKind = await append(token, [{ eventId: ulidId("EVT"), kind: "SESSION_EVENT_KIND_SESSION_COMPLETED" }]);
    expect(wrongKind.stderr).toContain("permission_denied");
    const wrongState = await append(token, [anEvent("FLYING")]);
    expect(wrongState.stderr).toContain("events.0.payload.toState");
    const wrongKey = await append(edge.credentials.apiKey, [anEvent()]);
    expect(wrongKey.stderr).toContain("unauthenticated");
  });

  it("is bounded by the limit that the error names", () => {
    // Composed configurations are plain JSON; this is the shape of the gateway's own.
    const { ratelimits } = JSON.parse(readFileSync(join(REPOSITORY, "workers/gateway/wrangler.jsonc"), "utf8")) as { ratelimits: object[] };
    expect(ratelimits).toContainEqual(expect.objectContaining({ name: "PRODUCER_CALLS", simple: { limit: PRODUCER_LIMITS.callsPerMinute, period: 60 } }));
  });
});

describe("factory admin", () => {
  it("prints a token for people with what it opens and until when", async () => {
    const { stdout } = await factory("admin", "producer-token", sessionId, "--streams", "beadUpdates,artifactWrites", "--ttl", "1h");
    expect(stdout).toMatch(/^eyJ\S+\n/);
    expect(stdout).toContain("beadUpdates, artifactWrites");
  });

  it.each([
    ["a life that is none", ["--streams", "beadUpdates", "--ttl", "soon"], "--ttl"],
    ["no stream", ["--ttl", "1h"], "--streams"],
  ])("refuses %s before it asks", async (_what, args, option) => {
    const { code, stderr } = await factory("admin", "producer-token", sessionId, ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(option);
  });

  it("tells what is wrong with a token's request", async () => {
    const { code, stderr } = await factory("admin", "producer-token", sessionId, "--streams", "all", "--ttl", "1h");
    expect(code).toBe(1);
    expect(stderr).toContain("streams.0");
  });

  it("rebuilds a session's rows", async () => {
    expect((await factory("admin", "reproject", sessionId)).stdout).toContain("7 of 7 events");
    expect(lastJson((await factory("admin", "reproject", sessionId, "--json")).stdout)).toEqual({
      outcome: "COMPLETED",
      session: sessionId,
      seq: 7,
      tipSeq: 7,
      quarantined: 1,
    });
    expect((await factory("admin", "reproject", "SES-1")).code).toBe(1);
  });

  it("shows the lag of one session and of all open ones, absent apart from zero", async () => {
    expect((await factory("admin", "lag", sessionId)).stdout).toContain(`${sessionId}  5 of 7  2 behind  2 unreadable`);
    const { stdout } = await factory("admin", "lag", "--json", "--limit", "3");
    expect(lastJson(stdout)).toEqual({
      outcome: "COMPLETED",
      more: true,
      sessions: [{ session: "SES-acme-3", seq: 0, tipSeq: null, behind: null, closed: false, quarantined: 0, updatedAt: null }],
    });
  });

  it("says how each is called", async () => {
    const { stdout } = await factory("admin", "--help");
    for (const text of ["reproject SESSION", "lag [SESSION]", "producer-token SESSION", "--streams", "--ttl"]) expect(stdout).toContain(text);
  });
});
