/**
 * With D1, KV, the policy engine or an organisation's directory down: work goes on where it may, stops closed where it must, and
 * nothing is lost when they return. The real platform, whose parts a test takes away and gives back while it runs.
 */
import { createFactoryClient, followSession, needsPerson, submitAndFollow, type FactoryClient, type FollowOptions, type SessionView } from "@factory/cli";
import { CLEARANCE_TTL_MS } from "@factory/schemas";
import { SessionEventKind, type SubmitSessionRequest } from "@factory/schemas/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { databaseRows } from "../chaos/state.ts";
import { expectBeadsOnce, expectWholeLog } from "../testing/log-checks.ts";
import { answerReview } from "../testing/reviews.ts";
import { changedTables, restingFingerprint } from "../testing/state-fingerprint.ts";
import { all, codeOf, codesOf, messageCode, permittedCalls, readModelCalls } from "./outages/edge-calls.ts";
import { OutagePlatform } from "./outages/outage-platform.ts";
import type { OutageOptions } from "./outages/switchboard.ts";

/** Every method of the governance Worker and of its objects. */
const GOVERNANCE: OutageOptions = { kind: "rpc", site: /^factory-governance\./ };
/** The policy engine, asked for anything. */
const POLICY: OutageOptions = { kind: "rpc", site: /^factory-governance\.default$/, operation: /^decide / };
/** The policy engine, asked whether a run may be dispatched. */
const DISPATCH: OutageOptions = { ...POLICY, operation: /^decide Dispatch$/ };
/** A permit to read is kept by the edge for five seconds, a record of a credential by nobody. */
const PERMITS_FORGOTTEN = { timeout: 10_000, interval: 250 };
/**
 * What the platform moves by itself: timers, acknowledged effects and writes that go, and when a key was used last. An effect is
 * stored together with what calls for it, and an event with its log, so a call that changed anything shows elsewhere too.
 */
const HOUSEKEEPING = /#(_cf_\w+|scheduler_timers|outbox_effects|log_projected(_to_linear)?|log_writes)$|OrgDirectoryDO.*#api_keys$/;

let outages: OutagePlatform;
let client: FactoryClient;
let ended: SessionView;
let asking: SessionView;

beforeAll(async () => {
  outages = await OutagePlatform.start();
  ({ client } = outages.platform);
  ended = await submitAndFollow(client, await outages.order(1));
  asking = await submitAndFollow(client, await outages.order(1, { reviewMode: "human" }), { until: needsPerson });
  if (ended.terminal?.outcome !== "COMPLETED" || asking.openReview?.matter !== "approval") {
    throw new Error(`The sessions that the tests begin with are not there: ${ended.terminal?.reason}, ${asking.openReview?.action}`);
  }
});
afterEach(() => outages.switchboard.endAll());
afterAll(() => outages?.[Symbol.asyncDispose]());

const begin = (options: OutageOptions) => outages.switchboard.begin(options);

/** A session that is followed meanwhile, and what it has come to. */
type Followed = { view: SessionView | undefined; readonly ended: Promise<SessionView>; until(what: (view: SessionView) => boolean): Promise<SessionView> };

/** Submits and follows in the background. */
function followed(request: SubmitSessionRequest, options: Pick<FollowOptions, "until"> = {}): Followed {
  const waiting = new Set<(view: SessionView) => void>();
  const onEvent: FollowOptions["onEvent"] = (_event, view) => {
    session.view = view;
    for (const look of waiting) look(view);
  };
  const session: Followed = {
    view: undefined,
    ended: submitAndFollow(client, request, { ...options, onEvent }),
    until: (what) => {
      const { promise, resolve } = Promise.withResolvers<SessionView>();
      const look = (view: SessionView): void => {
        if (what(view)) resolve(view);
      };
      waiting.add(look);
      if (session.view !== undefined) look(session.view);
      return Promise.race([promise, session.ended.then(() => Promise.reject(new Error("The session ended before.")))]);
    },
  };
  return session;
}

/** The session completed, and its log is whole and its beads were done once. */
async function expectDone({ sessionId, terminal }: SessionView): Promise<void> {
  expect(terminal?.outcome, terminal?.reason).toBe("COMPLETED");
  const events = await outages.log(sessionId);
  expectWholeLog(events);
  expectBeadsOnce(events);
}

/** Tables that are not as they were before, but for {@link HOUSEKEEPING}. */
async function changedBy(work: () => Promise<void>): Promise<string[]> {
  const before = await restingFingerprint(outages.stateDirectory);
  await work();
  return changedTables(before, await restingFingerprint(outages.stateDirectory)).filter((table) => !HOUSEKEEPING.test(table));
}

describe("while the policy engine is down", () => {
  it.each([
    ["throws", POLICY],
    ["is gone with its whole Worker", GOVERNANCE],
  ])("every call that needs a decision is refused and changes nothing when it %s", async (_how, options) => {
    const permitted = permittedCalls(outages.platform, { ended, asking, order: await outages.order(1) });
    // A signal is decided on where the engine is, so it is the Worker that fails it.
    const calls = options === POLICY ? permitted.filter(([name]) => name !== "a signal") : permitted;
    using down = begin(options);
    await expect.poll(() => codesOf(calls), PERMITS_FORGOTTEN).toEqual(all(calls, "UNAVAILABLE"));
    const struck = down.strikes.length;
    const changed = await changedBy(async () => {
      expect(await codesOf(calls)).toEqual(all(calls, "UNAVAILABLE"));
      // Who one is needs no decision.
      expect(await codeOf(client.admin.whoAmI({}))).toBe("OK");
    });
    expect(changed).toEqual([]);
    expect(down.strikes.length - struck).toBeGreaterThanOrEqual(calls.length);
    down.end();
    const read = calls.filter(([name]) => /^Get|^GraphQL|^ResumeStream/.test(name));
    expect(await codesOf(read)).toEqual(all(read, "OK"));
  });

  it("a call that gets no answer is refused after three seconds", async () => {
    using _down = begin({ ...POLICY, how: { kind: "hang" } });
    const startedAt = performance.now();
    expect(await codeOf(client.admin.putMember({ memberId: "nobody", name: "Nobody", roles: ["viewer"] }))).toBe("UNAVAILABLE");
    const waitedMs = performance.now() - startedAt;
    expect(waitedMs).toBeGreaterThan(2_900);
    expect(waitedMs).toBeLessThan(10_000);
  });

  it("a run that is under way goes on to its end", async () => {
    const run = followed(await outages.order(8));
    const before = await run.until(({ beads }) => [...beads.values()].some(({ state }) => state === "DONE"));
    const down = begin(GOVERNANCE);
    expect([...before.beads.values()].some(({ state }) => state !== "DONE")).toBe(true);
    expect(await codeOf(client.admin.getOrg({}))).toBe("UNAVAILABLE");
    const view = await run.ended;
    down.end();
    await expectDone(view);
  });

  it("a session that has to be permitted waits, says so, and goes on by itself", async () => {
    const down = begin(DISPATCH);
    const session = followed(await outages.order(1));
    await down.struck(3);
    const view = await session.until(() => true);
    expect(view.terminal).toBeUndefined();
    expect(view.beads.size).toBe(0);
    await expect.poll(() => outages.waitsFor(view)).toMatch(/policy engine/i);
    const silent = begin({ ...DISPATCH, how: { kind: "hang" } });
    down.end();
    await silent.struck(1);
    // The hung question is given up after three seconds and asked anew.
    await silent.struck(2);
    silent.end();
    await expectDone(await session.ended);
    await expect.poll(() => outages.waitsFor(view)).toBe("");
  });

  it("a run whose clearance has gone stale hands nothing out until it can be renewed", async () => {
    using stale = begin({ kind: "rpc", site: /^factory-pipeline\.CoordinatorDO$/, operation: /^seed$/, how: { kind: "age", ms: CLEARANCE_TTL_MS + 60_000 } });
    const down = begin({ ...DISPATCH, spares: 1 });
    const session = followed(await outages.order(2));
    await stale.struck();
    await down.struck(3);
    const view = await session.until(() => true);
    expect(view.terminal).toBeUndefined();
    expect([...view.beads.values()].filter(({ state }) => state === "LEASED" || state === "DONE")).toEqual([]);
    await expect.poll(() => outages.waitsFor(view)).toMatch(/policy engine/i);
    down.end();
    const done = await session.ended;
    await expectDone(done);
    const events = await outages.log(done.sessionId);
    expect(events.filter(({ kind }) => kind === SessionEventKind.DISPATCH_BLOCKED)).toHaveLength(1);
    expect(events.filter(({ kind }) => kind === SessionEventKind.REVIEW_REQUIRED)).toHaveLength(1);
  });

  it("votes that were given stay, and the one that is missing counts when it can be given", async () => {
    await client.admin.putMember({ memberId: "bea", name: "Bea", roles: ["approver"] });
    const { issued } = await client.admin.issueKey({ label: "Bea's", memberId: "bea", scopes: ["session:read", "review:decide"] });
    const bea = createFactoryClient({ url: outages.platform.url, apiKey: issued?.apiKey ?? "" });
    await expect.poll(() => codeOf(bea.admin.whoAmI({}))).toBe("OK");
    const asked = await submitAndFollow(client, await outages.order(1, { reviewMode: "human", budgetUsd: 1_500 }), { until: needsPerson });
    const { openReview } = asked;
    if (openReview === undefined) throw new Error("Nothing was asked.");
    expect(openReview.approvalsNeeded).toBe(2);
    await answerReview(client, asked.sessionId, openReview, { decision: "approved" });
    const down = begin(POLICY);
    expect(await codeOf(answerReview(bea, asked.sessionId, openReview, { decision: "approved" }))).toBe("UNAVAILABLE");
    expect(await codeOf(answerReview(client, asked.sessionId, openReview, { decision: "approved" }))).toBe("UNAVAILABLE");
    down.end();
    await answerReview(bea, asked.sessionId, openReview, { decision: "approved" });
    const done = await followSession(client, asked.sessionId, { from: asked });
    await expectDone(done);
    const votes = (await outages.log(asked.sessionId)).filter(({ kind }) => kind === SessionEventKind.REVIEW_VOTE_RECORDED);
    expect(votes.length).toBe(1);
  });
});

describe("while D1 is down", () => {
  it("work is taken and done, what is read says that it cannot, and the rows come as if nothing had been", async () => {
    const calls = readModelCalls(outages.platform, { ended });
    const projecting = begin({ kind: "d1", site: /^factory-graphql\.DB$/, operation: /^batch$/ });
    const down = begin({ kind: "d1" });
    const done = await submitAndFollow(client, await outages.order(2));
    expect(done.terminal?.outcome, done.terminal?.reason).toBe("COMPLETED");
    expect(await codesOf(calls)).toEqual(all(calls, "UNAVAILABLE"));
    expect(down.strikes).toContain("factory-commissioning.DB run");
    // Nobody asks anything now: these are attempts to project, made again after pauses.
    await projecting.struck(projecting.strikes.length + 3);
    for (const outage of [projecting, down]) outage.end();
    const { sessionId } = done;
    const lag = async () => (await client.admin.projectionLag({ sessionId })).sessions[0];
    expect(await lag()).toMatchObject({ sessionId, seq: 0n, closed: false, tipSeq: done.lastSeq });
    await expect.poll(lag, { timeout: 90_000, interval: 500 }).toMatchObject({ seq: done.lastSeq, tipSeq: done.lastSeq, closed: true });
    await expect
      .poll(() => databaseRows(outages.stateDirectory, "sessions", `SELECT state FROM sessions WHERE session_id = '${sessionId}'`), { timeout: 60_000 })
      .toEqual([{ state: "COMPLETED" }]);
    const rows = outages.readModelRows(sessionId);
    expect(rows).toContain(sessionId);
    expect(await client.admin.reproject({ sessionId })).toMatchObject({ seq: done.lastSeq, quarantined: 0 });
    expect(outages.readModelRows(sessionId)).toBe(rows);
    expect(await codesOf(calls)).toEqual({ ...all(calls, "OK"), Why: "NOT_FOUND", "a signal": "ELUCIDATION_UNKNOWN" });
    await expectDone(done);
  });
});

describe("while KV is down", () => {
  it("a credential that cannot be read is not one that is wrong, and nothing changes", async () => {
    const calls = permittedCalls(outages.platform, { ended, asking, order: await outages.order(1) });
    const changed = await changedBy(async () => {
      using down = begin({ kind: "kv" });
      expect(await codesOf(calls)).toEqual(all(calls, "UNAVAILABLE"));
      expect(await codeOf(client.admin.whoAmI({}))).toBe("UNAVAILABLE");
      expect(await messageCode(outages.platform)).toBe("UNAVAILABLE");
      expect(down.strikes.length).toBeGreaterThanOrEqual(calls.length);
    });
    expect(changed).toEqual([]);
    expect(await codeOf(client.admin.whoAmI({}))).toBe("OK");
    expect(await messageCode(outages.platform)).toBe("SIGNATURE_INVALID");
  });

  it("what is changed in the directory is kept and published when it is back", async () => {
    const { issued: kept } = await client.admin.issueKey({ label: "kept", machine: "kept", scopes: ["session:read"] });
    const { issued: gone } = await client.admin.issueKey({ label: "gone", machine: "gone", scopes: ["session:read"] });
    const as = (apiKey = "") => createFactoryClient({ url: outages.platform.url, apiKey });
    const works = async (apiKey: string | undefined) => codeOf(as(apiKey).admin.whoAmI({}));
    await expect.poll(() => works(gone?.apiKey)).toBe("OK");
    const down = begin({ kind: "kv", site: /^factory-governance\./ });
    const { issued: late } = await client.admin.issueKey({ label: "late", machine: "late", scopes: ["session:read"] });
    await client.admin.revokeKey({ keyId: gone?.key?.keyId ?? "" });
    await down.struck(4);
    expect(await Promise.all([kept, gone, late].map((key) => works(key?.apiKey)))).toEqual(["OK", "OK", "UNAUTHENTICATED"]);
    const { keys } = await client.admin.listKeys({});
    expect(keys.filter(({ label }) => ["kept", "gone", "late"].includes(label)).map(({ label, status }) => [label, status])).toEqual(
      expect.arrayContaining([
        ["kept", "active"],
        ["gone", "revoked"],
        ["late", "active"],
      ]),
    );
    down.end();
    await expect
      .poll(() => Promise.all([kept, gone, late].map((key) => works(key?.apiKey))), { timeout: 90_000, interval: 500 })
      .toEqual(["OK", "UNAUTHENTICATED", "OK"]);
  });
});

describe("while the directory is down", () => {
  it("whoever is known is let in, and what the directory has to answer waits", async () => {
    using down = begin({ kind: "rpc", site: /^factory-governance\.OrgDirectoryDO$/ });
    expect(await codeOf(client.admin.whoAmI({}))).toBe("OK");
    expect(await codeOf(client.admin.getKnowingState({ role: "coder" }))).toBe("OK");
    expect(await codeOf(client.admin.getOrg({}))).toBe("UNAVAILABLE");
    expect(await codeOf(client.admin.issueKey({ label: "nobody's", machine: "nobody", scopes: ["session:read"] }))).toBe("UNAVAILABLE");
    expect(await codeOf(client.admin.putMember({ memberId: "nobody", name: "Nobody", roles: ["viewer"] }))).toBe("UNAVAILABLE");
    const done = await submitAndFollow(client, await outages.order(1));
    down.end();
    await expectDone(done);
    expect((await client.admin.listMembers({})).members.map(({ memberId }) => memberId)).not.toContain("nobody");
    expect((await client.admin.listKeys({})).keys.map(({ label }) => label)).not.toContain("nobody's");
  });
});
