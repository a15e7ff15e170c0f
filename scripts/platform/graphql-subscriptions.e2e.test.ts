import { followSession, needsPerson, submitAndFollow, type SessionView } from "@factory/cli";
import { runIdOf, sessionIdOf, ulidId } from "@factory/schemas";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generatedOrder } from "../lib/generated-order.ts";
import { SseFollower, WsFollower, type Follower, type FollowerOperation, type FollowerTarget } from "../testing/graphql-followers.ts";
import { answerReview } from "../testing/reviews.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform();
});
afterAll(() => platform.dispose());

const target = (): FollowerTarget => ({ url: platform.url, org: platform.credentials.org, apiKey: platform.credentials.apiKey });
const range = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

const SESSION_EVENTS = `subscription ($sessionId: ID!, $afterSeq: Int) { sessionEvents(sessionId: $sessionId, afterSeq: $afterSeq) { events { seq kind payload } lastSeq } }`;
const BEAD_UPDATES = `subscription ($runId: ID!, $afterSeq: Int) { beadUpdates(runId: $runId, afterSeq: $afterSeq) { events { seq kind beadId toState } lastSeq } }`;
const ARTIFACT_WRITES = `subscription ($assemblyId: ID!, $afterSeq: Int) { artifactWrites(assemblyId: $assemblyId, afterSeq: $afterSeq) { events { seq kind sessionId } lastSeq } }`;

/** A session that waits for its approval, and a way to put events of a runner outside into its log. */
async function aWaitingSession() {
  const order = generatedOrder(3).replace("review_mode: auto", "review_mode: human");
  const waiting = await submitAndFollow(platform.client, await platform.requestText(order), { until: needsPerson });
  const { sessionId } = waiting;
  const { token } = await platform.client.admin.issueProducerToken({
    sessionId,
    streams: ["beadUpdates", "sessionEvents"],
    ttlSeconds: 3_600,
    producer: "outside",
  });
  const call = { alias: "a", provider: "p", modelId: "m", purpose: "outside", promptHash: "h", durationMs: 1, outcome: "ok" };
  /** @returns the log's last seq */
  const append = async (count: number, purpose = call.purpose): Promise<number> => {
    const modelCall = { ...call, purpose };
    const events = Array.from({ length: count }, () => ({ eventId: ulidId("EVT"), kind: "SESSION_EVENT_KIND_MODEL_CALLED", modelCall }));
    const response = await fetch(`${platform.url}/factory.v1.FactoryProducer/AppendEvents`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ sessionId, events }),
    });
    const { lastSeq } = (await response.json()) as { readonly lastSeq?: string };
    expect(response.status).toBe(200);
    return Number(lastSeq);
  };
  return { waiting, sessionId, append };
}

/** Approves what waits and follows it to its end. */
async function approve(waiting: SessionView): Promise<SessionView> {
  const { openReview } = waiting;
  if (openReview !== undefined) await answerReview(platform.client, waiting.sessionId, openReview, { decision: "approved" });
  return followSession(platform.client, waiting.sessionId, { from: waiting });
}

describe("the standard clients on the real platform", () => {
  it("are sent 1 000 events over 20 forced reconnects, server crashes among them, without a gap and without a repeat", async () => {
    const { waiting, sessionId, append } = await aWaitingSession();
    const operation: FollowerOperation = { query: SESSION_EVENTS, variables: { sessionId } };
    const followers: readonly Follower[] = [new WsFollower(target(), operation), new SseFollower(target(), operation)];
    let tip = Number(waiting.lastSeq);
    for (let round = 0; round < 20; round++) {
      tip = await append(25);
      // In the middle of a stream, and at rest.
      if (round % 2 === 0) await Promise.all(followers.map((follower) => follower.until(({ seqs }) => seqs.at(-1) === tip)));
      const before = followers.map(({ connections }) => connections);
      if (round % 7 === 6) await platform.crashAndRestart();
      else for (const follower of followers) follower.cut();
      tip = await append(25);
      await Promise.all(
        followers.map((follower, index) => follower.until(({ connections, errors }) => errors.length > 0 || connections > (before[index] ?? 0))),
      );
    }
    const ended = await approve(waiting);
    await Promise.all(followers.map((follower) => follower.until(({ completed, errors }) => completed || errors.length > 0)));
    expect(Number(ended.lastSeq)).toBeGreaterThan(1_000);
    for (const follower of followers) {
      expect(follower.errors).toEqual([]);
      expect(follower.seqs).toEqual(range(Number(ended.lastSeq)));
      expect(follower.kinds.at(-1)).toBe("SESSION_COMPLETED");
      expect(follower.connections).toBeGreaterThanOrEqual(21);
    }
  });

  it("follow the beads of a run and the writes of an assembly, which many sessions share", async () => {
    const [one, two] = [await aWaitingSession(), await aWaitingSession()];
    const ended = [await approve(one.waiting), await approve(two.waiting)];
    const { session } = await readModel(one.sessionId);
    const beads = new WsFollower(target(), { query: BEAD_UPDATES, variables: { runId: session.runId } });
    await beads.until(({ completed, errors }) => completed || errors.length > 0);
    expect(beads.errors).toEqual([]);
    expect(beads.kinds.length).toBeGreaterThan(3);
    expect(beads.kinds.every((kind) => kind.startsWith("BEAD_"))).toBe(true);
    expect(beads.seqs).toEqual([...new Set(beads.seqs)].sort((a, b) => a - b));

    const writes = [
      new WsFollower(target(), { query: ARTIFACT_WRITES, variables: { assemblyId: session.assemblyId } }),
      new SseFollower(target(), { query: ARTIFACT_WRITES, variables: { assemblyId: session.assemblyId } }),
    ];
    const written = await assemblyTip(session.assemblyId);
    for (const follower of writes) {
      await follower.until(({ seqs, errors }) => seqs.length >= written || errors.length > 0);
      expect(follower.errors).toEqual([]);
      expect(follower.seqs).toEqual(range(written));
      expect(follower.completed).toBe(false);
      follower.dispose();
    }
    expect(ended.map(({ terminal }) => terminal?.outcome)).toEqual(["COMPLETED", "COMPLETED"]);
  });
});

type ReadSession = { readonly session: { readonly runId: string; readonly assemblyId: string } };

/** What the read model says of a session, once it knows its run. */
async function readModel(sessionId: string): Promise<ReadSession> {
  let data: ReadSession | undefined;
  await expect
    .poll(async () => {
      const response = await fetch(`${platform.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${platform.credentials.apiKey}` },
        body: JSON.stringify({ query: "query ($id: ID!) { session(id: $id) { runId assemblyId } }", variables: { id: sessionId } }),
      });
      ({ data } = (await response.json()) as { readonly data?: ReadSession });
      return data?.session.runId;
    })
    .toBeTruthy();
  if (data === undefined) throw new Error("The session is not in the read model.");
  return data;
}

/** Artifact writes of the assembly's sessions so far, by their own logs. */
async function assemblyTip(assemblyId: string): Promise<number> {
  const response = await fetch(`${platform.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${platform.credentials.apiKey}` },
    body: JSON.stringify({ query: "query ($id: ID!) { sessions(assemblyId: $id) { nodes { id } } }", variables: { id: assemblyId } }),
  });
  const { data } = (await response.json()) as { readonly data: { readonly sessions: { readonly nodes: readonly { readonly id: string }[] } } };
  let count = 0;
  for (const { id } of data.sessions.nodes) {
    const follower = new SseFollower(target(), {
      query:
        "subscription ($sessionId: ID!, $afterSeq: Int) { sessionEvents(sessionId: $sessionId, afterSeq: $afterSeq) { events { seq kind: stream } lastSeq } }",
      variables: { sessionId: id },
    });
    await follower.until(({ completed, errors }) => completed || errors.length > 0);
    count += follower.kinds.filter((stream) => stream === "artifactWrites").length;
  }
  return count;
}

describe("what an org does not have", () => {
  const foreign = sessionIdOf("someone-else", "WO-1", "env-1");
  it.each([
    ["sessionEvents", { query: SESSION_EVENTS, variables: { sessionId: foreign } }],
    ["beadUpdates", { query: BEAD_UPDATES, variables: { runId: runIdOf("someone-else", foreign, "SPEC-1") } }],
    ["artifactWrites", { query: ARTIFACT_WRITES, variables: { assemblyId: "someone-elses" } }],
  ])("is NOT_FOUND: %s", async (_name, operation) => {
    const [ws, sse] = [new WsFollower(target(), operation), new SseFollower(target(), operation)];
    await ws.until(({ errors }) => errors.length > 0);
    await sse.until(({ completed }) => completed);
    expect(ws.errors).toMatchObject([[{ extensions: { code: "NOT_FOUND" } }]]);
    expect(sse.errors).toMatchObject([{ extensions: { code: "NOT_FOUND" } }]);
    ws.dispose();
  });

  it("an org's name opens nothing and says nothing: a wrong key is closed the same way whether there is such an org or not", async () => {
    const upgrade = (query: string): Promise<{ readonly opened: boolean; readonly code: number }> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${platform.url.replace(/^http/, "ws")}/graphql${query}`, ["graphql-transport-ws"]);
        let opened = false;
        socket.addEventListener("open", () => {
          opened = true;
          socket.send(JSON.stringify({ type: "connection_init", payload: { apiKey: "fk_local_wrong" } }));
        });
        socket.addEventListener("close", ({ code }) => resolve({ opened, code }));
      });
    expect(await upgrade("")).toMatchObject({ opened: false });
    expect(await upgrade(`?org=${platform.credentials.org}`)).toEqual({ opened: true, code: 4403 });
    expect(await upgrade("?org=nobody")).toEqual({ opened: true, code: 4403 });
  });
});

describe("a reader that does not read", () => {
  /** Puts ten megabytes behind a client that has stopped. */
  const flood = async (append: (count: number, purpose: string) => Promise<number>): Promise<number> => {
    let tip = 0;
    for (let call = 0; call < 40; call++) tip = await append(4, "x".repeat(64 * 1024));
    return tip;
  };

  it("of a socket is closed with a code after which its client resumes, and misses nothing", async () => {
    const { sessionId, append, waiting } = await aWaitingSession();
    const follower = new WsFollower(target(), { query: SESSION_EVENTS, variables: { sessionId } });
    await follower.until(({ seqs }) => seqs.at(-1) === Number(waiting.lastSeq));
    follower.pause();
    const tip = await flood(append);
    follower.resume();
    await follower.until(({ seqs }) => seqs.at(-1) === tip);
    expect(follower.closed).toMatchObject([{ code: 1013, reason: expect.stringContaining("resume") }]);
    expect(follower.seqs).toEqual(range(tip));
    follower.dispose();
  });

  it("of a stream is told to resume where it is, and misses nothing", async () => {
    const { sessionId, append, waiting } = await aWaitingSession();
    const response = await fetch(`${platform.url}/graphql/stream`, {
      method: "POST",
      headers: { accept: "text/event-stream", "content-type": "application/json", authorization: `Bearer ${platform.credentials.apiKey}` },
      body: JSON.stringify({ query: SESSION_EVENTS, variables: { sessionId } }),
    });
    const tip = await flood(append);
    const text = await response.text();
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    expect(text.trimEnd().split("\n").at(-1)).toContain('"code":"UNAVAILABLE"');
    expect(text).not.toContain("event: complete");
    const last = ids.at(-1) ?? 0;
    expect(last).toBeGreaterThanOrEqual(Number(waiting.lastSeq));
    expect(last).toBeLessThan(tip);
    const seqs = [...text.matchAll(/"seq":(\d+)/g)].map(([, seq]) => Number(seq));
    expect(seqs).toEqual(range(last));
  });

  it("that goes away is forgotten: more come and go than may be there at once", async () => {
    const { sessionId } = await aWaitingSession();
    /** The status of a stream that is left after its first words. */
    const visit = async (): Promise<number> => {
      const connection = new AbortController();
      const response = await fetch(`${platform.url}/graphql/stream`, {
        method: "POST",
        signal: connection.signal,
        headers: { accept: "text/event-stream", "content-type": "application/json", authorization: `Bearer ${platform.credentials.apiKey}` },
        body: JSON.stringify({ query: SESSION_EVENTS, variables: { sessionId } }),
      });
      await response.body?.getReader().read();
      connection.abort();
      return response.status;
    };
    let accepted = 0;
    const deadline = Date.now() + 45_000;
    // Eight shards take 128 of a principal each.
    while (accepted < 1_200 && Date.now() < deadline) {
      const statuses = await Promise.all(Array.from({ length: 50 }, visit));
      expect(statuses.every((status) => status === 200 || status === 429)).toBe(true);
      accepted += statuses.filter((status) => status === 200).length;
    }
    expect(accepted).toBeGreaterThanOrEqual(1_200);
  });
});
