/**
 * With Linear, or a part of the way to it, down: work goes on, and when it returns every issue, comment and state is there once. What
 * people say there counts once, however often and in whatever order it is delivered, and whatever crashes meanwhile.
 */
import { followSession, needsPerson, submitAndFollow, type ReviewView, type SessionView } from "@factory/cli";
import { SessionEventKind, type SubmitSessionRequest } from "@factory/schemas/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { objectsOf, rowsOf } from "../chaos/state.ts";
import { authorityFor, exampleFor } from "../linear/demo-steering.ts";
import { LinearStandIn } from "../linear/stand-in.ts";
import type { Issue, PersonName } from "../linear/workspace.ts";
import { expectBeadsOnce, expectWholeLog } from "../testing/log-checks.ts";
import { answerReview } from "../testing/reviews.ts";
import { LinearLine } from "./outages/linear-line.ts";
import { pictureOf, saidOn, type Picture } from "./outages/linear-picture.ts";
import { OutagePlatform } from "./outages/outage-platform.ts";
import type { OutageOptions } from "./outages/switchboard.ts";
import { freePort } from "./ports.ts";

const SECRET = "lin_wh_of-this-test";
/** What was put off by failures is tried again within this, in milliseconds. */
const RETURN_MS = 120_000;

let standIn: LinearStandIn;
let line: LinearLine;
let outages: OutagePlatform;

beforeAll(async () => {
  const port = await freePort();
  // Nothing is delivered again by itself: the test says when, and how often.
  standIn = await LinearStandIn.start({ redeliveryScale: 0 });
  standIn.addWebhook({ url: `http://127.0.0.1:${port}/webhooks/linear`, secret: SECRET });
  line = await LinearLine.to(standIn.apiUrl);
  const linear = { apiUrl: line.url, apiKey: standIn.keyOf("factory"), webhookSecret: SECRET, authority: authorityFor("local") };
  outages = await OutagePlatform.start({ port, linear });
});
afterEach(async () => {
  standIn.heal();
  outages.switchboard.endAll();
  await line.mend();
});
afterAll(async () => {
  await outages?.[Symbol.asyncDispose]();
  await line?.[Symbol.asyncDispose]();
  await standIn?.[Symbol.asyncDispose]();
});

const begin = (options: OutageOptions) => outages.switchboard.begin(options);

/** An order that a person has to approve. */
const order = (functions = 1): Promise<SubmitSessionRequest> => outages.order(functions, { reviewMode: "human" });

/** Follows a session to its first question. */
async function asked(request: SubmitSessionRequest): Promise<{ readonly view: SessionView; readonly review: ReviewView }> {
  const view = await submitAndFollow(outages.platform.client, request, { until: needsPerson });
  const { openReview: review } = view;
  if (review === undefined) throw new Error(`Nothing was asked: ${view.terminal?.reason}`);
  return { view, review };
}

const toEnd = (view: SessionView): Promise<SessionView> => followSession(outages.platform.client, view.sessionId, { from: view });

async function expectDone({ sessionId, terminal }: SessionView): Promise<void> {
  expect(terminal?.outcome, terminal?.reason).toBe("COMPLETED");
  const events = await outages.log(sessionId);
  expectWholeLog(events);
  expectBeadsOnce(events);
}

/** Issues that a session is shown by: those made since there were so many. */
const since = (count: number): Issue[] => standIn.issues().slice(count);

/** The issue in which a review asks, as soon as it is there. */
function issueOf({ reviewId }: ReviewView): Promise<Issue> {
  const find = (): Issue | undefined => standIn.issues().find(({ description }) => (description ?? "").replaceAll(/[\\\u2060]/g, "").includes(reviewId));
  return standIn.until(`The issue of ${reviewId}`, find, RETURN_MS);
}

/** Comments, and answers the id under which it is delivered. */
function comment(name: PersonName, issue: Issue, body: string): string {
  const { id } = standIn.commentAs(name, issue.id, body);
  const delivery = standIn.deliveries().findLast(({ payload }) => JSON.stringify(payload["data"]).includes(id));
  if (delivery === undefined) throw new Error("The comment was not delivered.");
  return delivery.id;
}

const deliveryOf = (id: string) => {
  const delivery = standIn.deliveries().find((each) => each.id === id);
  if (delivery === undefined) throw new Error(`There is no delivery ${id}.`);
  return delivery;
};

/** Records of decisions in the lineage of every assembly: each disposition and each reason for one. */
function records(): readonly string[] {
  return rowsOf(objectsOf(outages.stateDirectory), "ArtifactGraphDO", "nodes", "SELECT id FROM nodes WHERE id LIKE 'DSP-%' OR id LIKE 'ELC-%'").map(({ id }) =>
    String(id),
  );
}

const isResult = (body: string): boolean => body.startsWith("Done: ");

/** A review that was decided once, by one disposition with one reason, and of which the issue says so once. */
async function expectDecidedOnce(sessionId: string, review: ReviewView, issue: Issue, before: readonly string[]): Promise<void> {
  await standIn.until("The result", () => saidOn(issue).find(isResult), RETURN_MS);
  await standIn.until("The issue as closed", () => (issue.state.type === "completed" ? issue : undefined), RETURN_MS);
  const events = await outages.log(sessionId);
  const resolved = events.filter(({ payload }) => payload.case === "reviewResolved" && payload.value.reviewId === review.reviewId);
  expect(resolved).toHaveLength(1);
  expect(saidOn(issue).filter(isResult)).toHaveLength(1);
  // One comment for one decision: nothing else answers anything.
  expect(saidOn(issue).filter((body) => !isResult(body))).toEqual([]);
  expect(new Set(saidOn(issue)).size).toBe(saidOn(issue).length);
  const added = records().filter((id) => !before.includes(id));
  expect(added.filter((id) => id.startsWith("DSP-"))).toHaveLength(1);
}

describe("while Linear is down", () => {
  /** What an undisturbed session of the order looks like in Linear. */
  let undisturbed: Picture;

  it("shows a session while nothing is wrong", async () => {
    const count = standIn.issues().length;
    const { view, review } = await asked(await order());
    await issueOf(review);
    await answerReview(outages.platform.client, view.sessionId, review, { decision: "approved" });
    await expectDone(await toEnd(view));
    undisturbed = await settledPicture(count);
    expect(undisturbed.length).toBeGreaterThan(2);
  });

  it("a session is taken, asks, is approved and completes, and everything is shown once when Linear is back", async () => {
    const count = standIn.issues().length;
    const requests = standIn.requests.length;
    await line.cut();
    const { view, review } = await asked(await order());
    standIn.fail({ kind: "status", status: 500, times: Infinity });
    await line.mend();
    await answerReview(outages.platform.client, view.sessionId, review, { decision: "approved" });
    await expectDone(await toEnd(view));
    await expect.poll(() => standIn.requests.slice(requests).some(({ status }) => status === 500), { timeout: RETURN_MS }).toBe(true);
    expect(since(count)).toEqual([]);
    // It comes back as such services do: busy, losing answers, and slow. Each failure of one thing doubles its pause, so there are few.
    standIn.heal();
    standIn.fail({ kind: "rate-limited", retryAfterSeconds: 1 });
    standIn.fail({ kind: "drop-after", field: "issueCreate" });
    standIn.fail({ kind: "drop-after", field: "commentCreate" });
    line.delayMs = 250;
    await expect.poll(() => new Set(standIn.requests.slice(requests).map(({ status }) => status)), { timeout: RETURN_MS }).toEqual(new Set([200, 500, 429, 0]));
    await expect.poll(() => pictureOf(standIn, since(count)), { timeout: RETURN_MS, interval: 500 }).toEqual(undisturbed);
    const comments = since(count).flatMap((issue) => issue.comments.map(({ id }) => id));
    expect(new Set(comments).size).toBe(comments.length);
  });
});

/** The picture once nothing has been asked of Linear for a while: nothing of the session is on its way. */
async function settledPicture(count: number): Promise<Picture> {
  await standIn.until(
    "The session's issue as closed",
    () => since(count).find(({ state, parent }) => state.type === "completed" && parent === null),
    RETURN_MS,
  );
  let before = -1;
  await expect
    .poll(
      () => {
        const settled = before === standIn.requests.length;
        before = standIn.requests.length;
        return settled;
      },
      { interval: 3_000, timeout: RETURN_MS },
    )
    .toBe(true);
  return pictureOf(standIn, since(count));
}

describe("a comment whose webhook cannot be dealt with", () => {
  it("is answered so that Linear delivers it again, and is taken once", async () => {
    const { view, review } = await asked(await order());
    const issue = await issueOf(review);
    const before = records();
    const down = begin({ kind: "rpc", site: /^factory-linear-bridge\.default$/, operation: /^fetch$/ });
    const id = comment("ada", issue, exampleFor(review.matter));
    await standIn.webhooks.settled();
    down.end();
    const parts: readonly OutageOptions[] = [
      { kind: "rpc", site: /LinearProjectionDO$/, operation: /^(isOwn|bindingOf)$/ },
      { kind: "kv", site: /^factory-linear-bridge\./ },
      { kind: "rpc", site: /DispositionDO$/, operation: /^(bind|comment)$/ },
      // It is taken, and the answer is lost.
      { kind: "rpc", site: /DispositionDO$/, operation: /^comment$/, how: { kind: "lose" } },
    ];
    for (const part of parts) {
      const outage = begin(part);
      standIn.webhooks.redeliver(id);
      await standIn.webhooks.settled();
      expect(outage.strikes.length).toBeGreaterThan(0);
      outage.end();
    }
    standIn.webhooks.redeliver(id);
    await standIn.webhooks.settled();
    const { attempts, answer } = deliveryOf(id);
    expect(
      attempts.slice(0, -1).every((status) => typeof status === "number" && status >= 500),
      attempts.join(),
    ).toBe(true);
    expect(attempts).toHaveLength(6);
    expect(attempts.at(-1)).toBe(200);
    expect(JSON.parse(answer)).toMatchObject({ outcome: "taken", verb: "commission" });
    await expectDone(await toEnd(view));
    await expectDecidedOnce(view.sessionId, review, issue, before);
  });
});

describe("deliveries", () => {
  const trust = (score: number) => outages.platform.client.admin.setTrust({ subjectId: "agent:coder", score, rationale: "The test says so." });
  // It may propose: what it proposes is decided by a person.
  beforeAll(() => trust(0.6));
  afterAll(() => trust(0.8));

  /** A decides, A2 is the same delivery once more, U is something else that is said. */
  it.each([["A A U U"], ["A U A U"], ["A U U A"], ["U A A U"], ["U A U A"], ["U U A A"]])(
    "that come as %s are one decision with one result",
    async (sequence) => {
      const view = await submitAndFollow(outages.platform.client, await outages.order(1), { until: needsPerson });
      const { openReview: review } = view;
      if (review === undefined) throw new Error(`Nothing was asked: ${view.terminal?.reason}`);
      expect(review.matter).toBe("autonomy");
      const issue = await issueOf(review);
      const before = records();
      standIn.webhooks.hold();
      const decides = comment("ada", issue, exampleFor(review.matter));
      const unrelated = comment("grace", issue, "I have looked at it as well and it seems fine.");
      for (const next of sequence.split(" ")) {
        standIn.webhooks.redeliver(next === "A" ? decides : unrelated);
        await standIn.webhooks.settled();
      }
      // Both once more, at the same time and the last first.
      standIn.webhooks.release({ reversed: true });
      await standIn.webhooks.settled();
      for (const id of [decides, unrelated]) expect(deliveryOf(id).attempts).toEqual([200, 200, 200]);
      await expectDone(await toEnd(view));
      await expectDecidedOnce(view.sessionId, review, issue, before);
    },
  );
});

describe("a crash between what was decided and its effect", () => {
  it("leaves one decision and one result", async () => {
    const { view, review } = await asked(await order());
    const issue = await issueOf(review);
    const before = records();
    const held = begin({ kind: "rpc", site: /CommissioningAgentDO$/, operation: /^dispose$/, how: { kind: "hang" } });
    const id = comment("ada", issue, exampleFor(review.matter));
    await held.struck();
    await standIn.webhooks.settled();
    expect(JSON.parse(deliveryOf(id).answer)).toMatchObject({ outcome: "taken" });
    await outages.platform.kill();
    held.end();
    await outages.platform.start();
    // Linear has not heard of the crash, and somebody delivers it again.
    standIn.webhooks.redeliver(id);
    await standIn.webhooks.settled();
    await expectDone(await toEnd(view));
    await expectDecidedOnce(view.sessionId, review, issue, before);
    const granted = (await outages.log(view.sessionId)).filter(({ kind }) => kind === SessionEventKind.APPROVAL_GRANTED);
    expect(granted).toHaveLength(1);
  });
});
