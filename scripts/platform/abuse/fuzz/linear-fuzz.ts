/** Webhooks with Linear's signature over whatever they say, and comments that are almost dispositions. Hedy writes them, who may decide nothing here. */
import * as fc from "fast-check";
import type { Answer } from "../answers.ts";
import { aBlock } from "../linear-door.ts";
import { AUTHOR_LOOKED_UP, reply } from "../traces.ts";
import type { AbuseWorld } from "../world.ts";
import { Tally, tries } from "./judge.ts";
import { JUNK, mutatedJson, mutatedText } from "./mutations.ts";
import type { Fuzz, FuzzReport } from "./report.ts";

const WEBHOOKS = 150;
const COMMENTS = 120;

/** A comment that the grammar takes: the review does not. */
const GOOD_BLOCK = aBlock("resume", { note: "Go on." });
const TAKEN_AS_BLOCK = "200 refused: FAILED_PRECONDITION";

const LEAVES = { tables: [...(reply(/./).tables ?? []), ...(AUTHOR_LOOKED_UP.tables ?? [])] };

/** Nothing is decided: a webhook that says so is one too many. */
function undecided(answer: Answer): void {
  if (answer.code.startsWith("taken") || answer.code === "waiting") throw new Error(`Something was decided: ${answer.code}.`);
}

async function runWebhooks(world: AbuseWorld): Promise<FuzzReport> {
  const { door, linear, sessions } = world;
  const tally = new Tally();
  const base = (): { readonly [field: string]: unknown } =>
    linear.payload("hedy", sessions.waiting.issue.id, GOOD_BLOCK, { commentId: "b0d7c0de-0000-4000-8000-000000000001" });
  const documents = mutatedJson(base()).map((document) => ({
    ...document,
    ...(typeof document["webhookTimestamp"] === "number" ? { webhookTimestamp: Date.now() } : {}),
  }));
  const bodies = fc.oneof(
    { arbitrary: documents.map((document) => JSON.stringify(document)), weight: 3 },
    { arbitrary: mutatedText(JSON.stringify(base())), weight: 1 },
  );
  await tries(WEBHOOKS, bodies, async (body) => undecided(tally.take(await linear.deliver(door, "hedy", sessions.waiting.issue, "", { body }))));
  return { tally, good: tally.of((name) => name === TAKEN_AS_BLOCK), leaves: LEAVES, replies: true };
}

/** Pieces of blocks, some where they do not belong. */
const PIECES: readonly string[] = [
  "DISPOSITION: resume",
  "DISPOSITION: commission",
  "DISPOSITION: reject",
  "DISPOSITION:",
  "> DISPOSITION: resume",
  "```",
  "~~~~",
  "    DISPOSITION: resume",
  "rationale: Because it has to be.",
  "considered: one; two",
  "rejected: two - no",
  "note: Go on.",
  "patch-id: x",
  "directive: force-suspend",
  "",
  "\u2028",
  ...JUNK.slice(0, 12),
];

async function runComments(world: AbuseWorld): Promise<FuzzReport> {
  const { door, linear, sessions } = world;
  const tally = new Tally();
  const pieced = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((lines) => lines.join("\n"));
  await tries(COMMENTS, fc.oneof(mutatedText(GOOD_BLOCK), pieced), async (text) =>
    undecided(tally.take(await linear.deliver(door, "hedy", sessions.waiting.issue, text))),
  );
  return { tally, good: tally.of((name) => name === TAKEN_AS_BLOCK), leaves: LEAVES, replies: true };
}

/** Linear. */
export const LINEAR_FUZZ: readonly Fuzz[] = [
  { name: "webhooks under Linear's signature", run: runWebhooks },
  { name: "dispositions in comments", run: runComments },
];
