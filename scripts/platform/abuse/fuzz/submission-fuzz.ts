/** Envelopes and orders that are almost those of a session that there is: under its ids none can begin another. */
import { canonicalJson } from "@factory/schemas";
import { signEnvelope, type EnvelopeSignature } from "@factory/governance";
import { FactoryGateway } from "@factory/schemas/proto";
import * as fc from "fast-check";
import { refused, TAKEN, type Answer } from "../answers.ts";
import { hmacSigned, requestOf, submission, type SubmitRequest } from "../signing.ts";
import { orderText, type AbuseWorld } from "../world.ts";
import { Tally, tries } from "./judge.ts";
import { mutatedBytes, mutatedJson, mutatedText } from "./mutations.ts";
import { EMPTY_SESSIONS, type Fuzz, type FuzzReport } from "./report.ts";

const RUNS = 400;

/** What a good submission under the ids of another comes to: the same session, or a refusal of its ids. */
const GOOD: readonly string[] = [TAKEN.code, refused("ALREADY_EXISTS").code];

/** Bytes that were changed after they were signed, with their signature or another. */
async function runSigned(world: AbuseWorld): Promise<FuzzReport> {
  const tally = new Tally();
  let good = 0;
  const original = await signEnvelope(world.sessions.waiting.envelope, world.signing.submission, Date.now());
  const signature = (value: Uint8Array): EnvelopeSignature => ({ algorithm: "HMAC-SHA256", value });
  const inputs = fc.tuple(mutatedBytes(original.payload), mutatedBytes(original.signature.value));
  await tries(RUNS, inputs, async ([payload, value]) => {
    const unchanged = Buffer.from(payload).equals(original.payload) && Buffer.from(value).equals(original.signature.value);
    const answer = tally.take(await handedIn(world, requestOf({ payload, signature: signature(value) })));
    if (unchanged) good += 1;
    if (GOOD.includes(answer.code) !== unchanged) throw new Error(`An envelope that was ${unchanged ? "not " : ""}changed was answered ${answer.code}.`);
  });
  return { tally, good, leaves: EMPTY_SESSIONS };
}

/** Documents that were changed before they were signed. */
async function runResigned(world: AbuseWorld): Promise<FuzzReport> {
  const tally = new Tally();
  const { payload } = await signEnvelope(world.sessions.waiting.envelope, world.signing.submission, Date.now());
  const base = JSON.parse(new TextDecoder().decode(payload)) as { readonly [field: string]: unknown };
  await tries(RUNS, mutatedJson(base), async (document) => {
    // A stale signature would say nothing of the rest; the moment that a document has is its own where it was changed.
    const signedAt = document["signedAt"] === base["signedAt"] ? { signedAt: new Date().toISOString() } : {};
    tally.take(await handedIn(world, hmacSigned(world.signing.submission, textOf({ ...document, ...signedAt }))));
  });
  return { tally, good: tally.of((name) => GOOD.some((code) => name.endsWith(` ${code}`))), leaves: EMPTY_SESSIONS };
}

/** What has no canonical form is sent as it is. */
function textOf(document: object): string {
  try {
    return canonicalJson(document);
  } catch {
    // Half a surrogate pair is what is being tried.
    return JSON.stringify(document);
  }
}

/** Pieces that orders are made of, some where they do not belong. */
const PIECES: readonly string[] = [
  "---",
  "title: Twice",
  "review_mode: auto",
  "review_mode: nobody",
  "budget_usd: -1",
  "budget_usd: 1e400",
  "assembly: ../other",
  "files: [../../etc/passwd]",
  "repository: https://example.com/x.git",
  "a: &a [*a]",
  "## Problem",
  "## Goal",
  "## Acceptance criteria",
  "1. `twice` doubles a number.",
  "```ts",
  "```examples",
  "```",
  "twice(1) => 2",
  "twice(1) => 3",
  "twice(1/0) => process.exit()",
  "export function twice(value: number): number;",
  "export function twice(value: { [k: string]: never }): asserts value is never;",
  "function twice<T extends keyof any>(value: T): value is T;",
];

/** Orders that were changed, and orders of pieces. */
async function runOrders(world: AbuseWorld): Promise<FuzzReport> {
  const tally = new Tally();
  const pieced = fc.array(fc.constantFrom(...PIECES, ""), { maxLength: 40 }).map((lines) => lines.join("\n"));
  const lines = orderText("Waiting").split("\n");
  const spliced = fc
    .array(fc.tuple(fc.nat({ max: lines.length }), fc.nat({ max: 2 }), fc.constantFrom(...PIECES)), { minLength: 1, maxLength: 3 })
    .map((changes) => changes.reduce((text, [at, count, piece]) => text.toSpliced(at, count, piece), lines).join("\n"));
  await tries(RUNS, fc.oneof(mutatedText(orderText("Waiting")), pieced, spliced), async (text) => {
    const { envelope } = world.sessions.waiting;
    const unsigned = { ...envelope, payload: { ...envelope.payload, workOrder: text.toWellFormed() || " " } };
    tally.take(await handedIn(world, await submission(unsigned, world.signing.submission)));
  });
  return { tally, good: tally.of((name) => GOOD.some((code) => name.endsWith(` ${code}`))), leaves: EMPTY_SESSIONS };
}

function handedIn({ door, keys }: AbuseWorld, request: SubmitRequest): Promise<Answer> {
  return door.connect(FactoryGateway.method.submitSession, request, keys.dev);
}

/** Submissions. */
export const SUBMISSION_FUZZ: readonly Fuzz[] = [
  { name: "envelopes changed after they were signed", run: runSigned },
  { name: "envelopes changed before they were signed", run: runResigned },
  { name: "work orders", run: runOrders },
];
