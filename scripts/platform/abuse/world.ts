/**
 * Two organisations on the real platform with everything that abuse is aimed at: people and machines, keys that sign, sessions in
 * several states, an issuer of tokens, and Linear. Nothing in it ticks: what moves, a call has moved.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFactoryClient, followSession, needsPerson, submitAndFollow, type FactoryClient, type ReviewView, type SessionView } from "@factory/cli";
import { inboundSignal, type InboundSignal } from "@factory/schemas";
import { StreamMode, SubmitSessionRequestSchema } from "@factory/schemas/proto";
import { create } from "@bufbuild/protobuf";
import type { SigningKey, UnsignedEnvelope } from "@factory/governance";
import { z } from "zod";
import { objectsOf, rowsOf } from "../../chaos/state.ts";
import { ensureDevKey } from "../../lib/dev-key.ts";
import type { Issue } from "../../linear/workspace.ts";
import { startTestPlatform, type TestPlatform } from "../../testing/test-platform.ts";
import { freePort } from "../ports.ts";
import { Door } from "./door.ts";
import { OidcIssuer } from "./issuer.ts";
import { aBlock, anOverride, LinearDoor, type Author } from "./linear-door.ts";
import { populate, type KeyIds, type Keys } from "./people.ts";
import { envelopeFor, registerKeys, submission, type OrderOptions, type SigningKeys } from "./signing.ts";
import { bridgeKey, type DecisionIds, type TokenKey } from "./tokens.ts";

/** Between two sweeps, in milliseconds: longer than any test. */
const NEVER_MS = 24 * 60 * 60_000;

/** A session with what it was handed in with. */
export type AbusedSession = { readonly sessionId: string; readonly envelope: UnsignedEnvelope; readonly view: SessionView };
/** One that asks somebody. */
export type AskingSession = AbusedSession & { readonly review: ReviewView; readonly issue: Issue };

/** Sessions by what they are for; `foreign` is the second organisation's. */
export type Sessions = {
  readonly completed: AbusedSession;
  /** Waits for its approval. */
  readonly waiting: AskingSession;
  /** Waits for the approval of two people, one of whom, Ann, has given it. */
  readonly two: AskingSession;
  /** Waits for its approval in another assembly of the first organisation. */
  readonly shop: AskingSession;
  /** Was approved by Ada in Linear and has completed. */
  readonly decided: AskingSession & { readonly ids: DecisionIds; readonly signal: InboundSignal };
  readonly foreign: Omit<AskingSession, "issue">;
};

/** Everything that a case may use. */
export type AbuseWorld = {
  readonly door: Door;
  readonly stateDirectory: string;
  readonly org: string;
  readonly client: FactoryClient;
  readonly keys: Keys;
  readonly keyIds: KeyIds;
  readonly signing: SigningKeys;
  readonly issuer: OidcIssuer;
  readonly otherIssuer: OidcIssuer;
  readonly linear: LinearDoor;
  readonly sessions: Sessions;
  /** Signs the bridge's tokens. */
  readonly bridge: TokenKey & { readonly publicKey: string };
  /** A decision on record, with its elucidation, that no signal was taken for. */
  readonly onRecord: DecisionIds;
  /** The elucidation of another assembly's intake. */
  readonly shopElucidationId: string;
  /** A producer's token for the session that waits, and one for the session of another assembly. */
  readonly producer: { readonly waiting: string; readonly shop: string };
  dispose(): Promise<void>;
};

/** A small order that needs no model. */
export const orderText = (title: string): string => `---
title: ${title}
---

## Problem

Halves have to be put together again.

## Goal

One function that doubles.

## Acceptance criteria

1. \`twice\` doubles a number.

\`\`\`ts
export function twice(value: number): number;
\`\`\`

\`\`\`examples
twice(1) => 2
twice(2) => 4
twice(5) => 10
twice(-3) => -6
twice(0) => 0
\`\`\`
`;

/** Makes the world; its processes end with {@link AbuseWorld.dispose}. */
export async function abuseWorld(): Promise<AbuseWorld> {
  const disposals: (() => Promise<void>)[] = [];
  const dispose = async (): Promise<void> => {
    for (const end of disposals.splice(0).toReversed()) await end();
  };
  try {
    return { ...(await made(disposals)), dispose };
  } catch (err) {
    await dispose();
    throw err;
  }
}

async function made(disposals: (() => Promise<void>)[]): Promise<Omit<AbuseWorld, "dispose">> {
  const stateDirectory = mkdtempSync(join(tmpdir(), "factory-abuse-"));
  disposals.push(async () => rmSync(stateDirectory, { recursive: true, force: true }));
  const owned = <T extends AsyncDisposable>(thing: T): T => {
    disposals.push(async () => thing[Symbol.asyncDispose]());
    return thing;
  };
  const [issuer, otherIssuer, linear] = [owned(await OidcIssuer.start()), owned(await OidcIssuer.start()), owned(await LinearDoor.start())];
  const port = await freePort();
  const platform = await startTestPlatform({ port, stateDirectory, linear: linear.options, sweepEveryMs: NEVER_MS });
  disposals.push(() => platform.dispose());
  const door = new Door(platform.url);
  const devKey = ensureDevKey();
  const { keys, keyIds } = await populate({ door, devKey: devKey.apiKey, issuer, otherIssuer });
  const own: SigningKey = { keyId: devKey.envelopeKeyId, algorithm: "HMAC-SHA256", secret: devKey.envelopeSecret };
  const signing = await registerKeys(platform.url, { own: devKey.apiKey, other: bare(keys.otherAdmin) }, own);
  const sessions = await runSessions({ platform, linear, door, stateDirectory, keys, signing });
  const bridge = await bridgeKey(devKey.dispositionKey);
  const producerFor = async ({ sessionId }: AbusedSession): Promise<string> => {
    const { token } = await platform.client.admin.issueProducerToken({ sessionId, streams: ["sessionEvents"], ttlSeconds: 3_600, producer: "outside" });
    return token;
  };
  const onRecord = await recordDecision({ linear, door, stateDirectory }, sessions.waiting.issue);
  await introduce(linear, door);
  await untilQuiet(stateDirectory);
  return {
    door,
    stateDirectory,
    org: devKey.org,
    client: platform.client,
    keys,
    keyIds,
    signing,
    issuer,
    otherIssuer,
    linear,
    sessions,
    bridge,
    onRecord,
    shopElucidationId: await elucidationOf(platform.client, sessions.shop),
    producer: { waiting: await producerFor(sessions.waiting), shop: await producerFor(sessions.shop) },
  };
}

/** The credential of a header. */
export const bare = (authorization: string): string => authorization.replace(/^Bearer /, "");

type Stage = {
  readonly platform: TestPlatform;
  readonly linear: LinearDoor;
  readonly door: Door;
  readonly stateDirectory: string;
  readonly keys: Keys;
  readonly signing: SigningKeys;
};

async function runSessions(stage: Stage): Promise<Sessions> {
  const { platform, linear, keys, signing } = stage;
  const human = { config: { reviewMode: "human" } } as const;
  const other = createFactoryClient({ url: platform.url, apiKey: bare(keys.otherAdmin) });
  const asking = async (title: string, options: OrderOptions = human): Promise<AskingSession> => {
    const session = reviewed(await submitted(platform.client, signing.submission, title, options));
    return { ...session, issue: await linear.issueOf(session.review.reviewId) };
  };
  const [completed, waiting, shop, two, decided, foreign] = await Promise.all([
    submitted(platform.client, signing.submission, "Completed", { config: { reviewMode: "auto" } }),
    asking("Waiting"),
    asking("Waiting in the shop", { ...human, assembly: "shop" }),
    asking("Waiting for two", { config: { reviewMode: "human", budgetUsd: 1_500 } }),
    asking("Decided"),
    submitted(other, signing.otherSubmission, "Foreign", human).then(reviewed),
  ]);
  if (completed.view.terminal?.outcome !== "COMPLETED") throw new Error(`The session did not complete: ${completed.view.terminal?.reason}`);
  if (two.review.approvalsNeeded !== 2) throw new Error("The order above 1000 USD does not ask for two people.");
  const ann = createFactoryClient({ url: platform.url, apiKey: bare(keys.ann) });
  const { reviewId, actionDigest } = two.review;
  await ann.gateway.acknowledgeReview({ sessionId: two.sessionId, reviewId, actionDigest, decision: "approved", note: "" });
  const ids = await commissioned(stage, decided);
  const rows = rowsOf(objectsOf(stage.stateDirectory), "SignalDeskDO", "signals", "SELECT signal FROM signals");
  const signal = inboundSignal.parse(JSON.parse(String(rows[0]?.["signal"])));
  return { completed, waiting, two, shop, foreign, decided: { ...decided, ids, signal } };
}

/** Hands an order in and follows it to its end, or to its first question. */
async function submitted(client: FactoryClient, key: SigningKey, title: string, options: OrderOptions): Promise<AbusedSession> {
  const envelope = envelopeFor(orderText(title), options);
  const view = await submitAndFollow(client, create(SubmitSessionRequestSchema, await submission(envelope, key)), { until: needsPerson });
  return { sessionId: view.sessionId, envelope, view };
}

function reviewed(session: AbusedSession): AbusedSession & { readonly review: ReviewView } {
  const { openReview: review, terminal } = session.view;
  if (review === undefined) throw new Error(`Nothing was asked: ${terminal?.reason}`);
  return { ...session, review };
}

/** Has a session approved by Ada in Linear, and waits for its end and for what is said of it there. */
async function commissioned({ platform: { client }, linear, door, stateDirectory }: Stage, { sessionId, view, issue }: AskingSession): Promise<DecisionIds> {
  await expectOutcome(linear, door, "ada", issue, aBlock("commission"), "taken: commission");
  const ended = await followSession(client, sessionId, { from: view, until: ({ terminal }) => terminal !== undefined });
  if (ended.terminal?.outcome !== "COMPLETED") throw new Error(`The session was not completed: ${ended.terminal?.reason}`);
  return decisionIn(stateDirectory, await linear.standIn.until("The result", () => linear.said(issue).find((body) => body.includes("Done"))));
}

/**
 * A decision that is on record and was not carried out: two people order work to go on that is not suspended. Its event and its
 * elucidation are in the lineage, and the desk has taken no signal for it.
 */
async function recordDecision({ linear, door, stateDirectory }: Pick<Stage, "linear" | "door" | "stateDirectory">, issue: Issue): Promise<DecisionIds> {
  const text = anOverride("force-resume", "Work goes on again.");
  await expectOutcome(linear, door, "ada", issue, text, "waiting");
  await expectOutcome(linear, door, "grace", issue, text, "taken: override");
  return decisionIn(stateDirectory, await linear.standIn.until("The result", () => linear.said(issue).find((body) => body.includes("not carried out"))));
}

async function expectOutcome(linear: LinearDoor, door: Door, author: Author, issue: Issue | string, text: string, code: string): Promise<void> {
  const answer = await linear.deliver(door, author, issue, text);
  if (answer.code !== code) throw new Error(`${author}'s comment was answered ${answer.at} ${answer.code}, not ${code}.`);
}

const storedRecord = z.object({ reasonId: z.string() });

/** The ids of the decision that a result names, as the bridge has them on record. */
function decisionIn(stateDirectory: string, result: string): DecisionIds {
  const stored = rowsOf(objectsOf(stateDirectory), "DispositionDO", "decisions", "SELECT disposition_event_id AS id, record FROM decisions");
  const named = stored.find(({ id }) => result.replaceAll("\u2060", "").includes(String(id)));
  if (named === undefined) throw new Error(`No decision is named: ${result}`);
  return { dispositionEventId: String(named["id"]), elucidationArtifactId: storedRecord.parse(JSON.parse(String(named["record"]))).reasonId };
}

/** Why an order was taken on, as its session wrote it down. */
async function elucidationOf(client: FactoryClient, { sessionId }: AbusedSession): Promise<string> {
  for await (const { event } of client.gateway.resumeStream({ sessionId, streamMode: StreamMode.ALL, replayOnly: true })) {
    if (event?.payload.case === "artifact" && event.payload.value.artifactType === "ElucidationArtifact") return event.payload.value.artifactId;
  }
  throw new Error(`The session ${sessionId} has no elucidation.`);
}

/** The bridge asks Linear once who an author is: asked here, so that no case moves what it remembers of them. */
async function introduce(linear: LinearDoor, door: Door): Promise<void> {
  for (const author of ["ada", "grace", "mallory", "factory", "adasPhone", "hedy", "ursula"] as const) {
    await expectOutcome(linear, door, author, "155e0000-0000-4000-8000-000000000001", aBlock("resume"), "ignored");
  }
}

/** Longer than the cases and what is made up take, in milliseconds. */
const QUIET_FOR_MS = 4 * 60_000;
/** Longest wait for that, in milliseconds: what is shown in Linear is gathered for seconds before it is written. */
const QUIET_WITHIN_MS = 60_000;
const QUIET_POLL_MS = 500;

/** Waits until no object means to do anything by itself while the cases run. */
async function untilQuiet(stateDirectory: string): Promise<void> {
  const until = Date.now() + QUIET_WITHIN_MS;
  for (;;) {
    const timers = rowsOf(objectsOf(stateDirectory), null, "scheduler_timers", "SELECT name, due_at AS dueAt FROM scheduler_timers");
    const soon = timers.filter(({ dueAt }) => Number(dueAt) < Date.now() + QUIET_FOR_MS);
    if (soon.length === 0) return;
    if (Date.now() > until)
      throw new Error(`The platform does not come to rest: ${soon.map(({ object, name }) => `${String(object)} ${String(name)}`).join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, QUIET_POLL_MS));
  }
}
