/** `npm run demo`: the platform, one work order through the Connect gateway to its end, and what it made in `out/`. */
import { join, relative, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { toJsonString } from "@bufbuild/protobuf";
import {
  EMPTY_VIEW,
  EVIDENCE_FILE,
  EXIT,
  EXIT_BY_OUTCOME,
  UsageError,
  beadsOrAbsent,
  countsOrAbsent,
  countsText,
  createFactoryClient,
  createProgress,
  errorText,
  followSession,
  needsPerson,
  outcomeOf,
  readCredentials,
  readSubmission,
  reasonOf,
  reviewText,
  signedRequest,
  standardOutput,
  submitAndFollow,
  writeDeliverable,
  writeEvidence,
  type FactoryClient,
  type FollowOptions,
  type Outcome,
  type SessionView,
  type Submission,
} from "@factory/cli";
import { SessionEventSchema } from "@factory/schemas/proto";
import { shown } from "@factory/verification/evidence";
import { dashboardLink } from "./lib/dashboard-link.ts";
import { ensureDevKey } from "./lib/dev-key.ts";
import { onOrphaned } from "./lib/orphan.mjs";
import { hostOptionsFrom, linearOptionsFrom } from "./lib/host-options.ts";
import { REPOSITORY } from "./lib/repository.ts";
import { LinearSteering, indented, lineageOf } from "./linear/demo-steering.ts";
import { PlatformStartError, spawnPlatform, type RunningPlatform } from "./platform/spawn.ts";

const HELP = `Usage: npm run demo [-- ORDER.md] [--json] [--keep] [--linear]

Starts the platform, submits a work order (examples/order-pricing.md unless told otherwise), follows it to its end and writes
the result to out/<session>/.

  --json    one JSON object a line; the last one is the result
  --keep    leave the platform up and print its addresses
  --linear  have a person steer in Linear: a local stand-in for it shows the work, the run stops and asks there, a comment
            answers it (yours at a terminal, else an example), and the run goes on

Exit codes: 0 completed, 1 failed, 2 usage, 3 refused by a gate, 4 needs a person.`;

/** Longest wait between a decision in Linear and its effect here, in milliseconds. */
const DECISION_PATIENCE_MS = 60_000;

type Options = { readonly order: string; readonly json: boolean; readonly keep: boolean; readonly linear: boolean; readonly directory: string };

const say = (options: Options, text: string): void => {
  if (!options.json) console.log(text);
};

function readOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: "boolean" }, keep: { type: "boolean" }, linear: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help === true) return undefined;
  if (positionals.length > 1) throw new UsageError(`One order at a time, not ${positionals.join(", ")}.\n\n${HELP}`);
  const directory = process.env["INIT_CWD"] ?? process.cwd();
  const order = positionals[0] === undefined ? join(REPOSITORY, "examples", "order-pricing.md") : resolve(directory, positionals[0]);
  return { order, json: values.json === true, keep: values.keep === true, linear: values.linear === true, directory };
}

/** The last line of `--json`. */
function resultLine(view: SessionView | undefined, outcome: Outcome, reason: string, durationMs: number, out: string | null): string {
  const { checks, holdouts } = view ?? EMPTY_VIEW;
  return JSON.stringify({
    session: view?.sessionId ?? null,
    outcome,
    ...(outcome === "COMPLETED" ? {} : { reason }),
    beads: beadsOrAbsent(view ?? EMPTY_VIEW),
    checks: countsOrAbsent(checks),
    holdouts: countsOrAbsent(holdouts),
    divergences: view?.divergences ?? 0,
    amendments: view?.amendments ?? 0,
    durationMs: Math.round(durationMs),
    out,
  });
}

/** Asks the person at the terminal; answers false when there is none. */
async function askPerson(client: FactoryClient, view: SessionView): Promise<boolean> {
  const review = view.openReview;
  if (review === undefined || !process.stdin.isTTY || !process.stdout.isTTY) return false;
  console.log(`\n${review.action}\n\n${review.prompt}\n`);
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const choice = (await prompt.question("[a]pprove, [r]eject, a[m]end, or Enter to leave it open: ")).trim().toLowerCase();
    const decision = { a: "approved", r: "rejected", m: "amended" }[choice];
    if (decision === undefined) return false;
    const note = decision === "approved" ? "" : await prompt.question("Why, or what instead: ");
    await client.gateway.acknowledgeReview({ sessionId: view.sessionId, reviewId: review.reviewId, decision, note, actionDigest: review.actionDigest });
    return true;
  } finally {
    prompt.close();
  }
}

/** How a part of the session is followed: what comes is shown as it comes, and `end` closes the display. */
function watching(options: Options): FollowOptions & { end(): void } {
  const progress = options.json ? undefined : createProgress(standardOutput());
  return {
    until: needsPerson,
    onEvent: (event, view) => {
      if (options.json) console.log(toJsonString(SessionEventSchema, event));
      else {
        if (event.seq === 1n) progress?.note(`session ${view.sessionId}`);
        progress?.update(event, view);
      }
    },
    onReconnect: (reason) => progress?.note(`the stream broke (${reason}); resuming`),
    end: () => progress?.end(),
  };
}

async function followOn(options: Options, client: FactoryClient, from: SessionView, change: FollowOptions = {}): Promise<SessionView> {
  const watch = watching(options);
  const view = await followSession(client, from.sessionId, { ...watch, from, ...change });
  watch.end();
  return view;
}

async function runOrder(
  options: Options,
  client: FactoryClient,
  request: Parameters<typeof submitAndFollow>[1],
  steering: LinearSteering | undefined,
): Promise<SessionView> {
  const watch = watching(options);
  let view = await submitAndFollow(client, request, watch);
  watch.end();
  if (steering !== undefined) return steerToEnd(options, client, view, steering);
  while (view.terminal === undefined && (await askPerson(client, view))) view = await followOn(options, client, view);
  return view;
}

/**
 * Has reviews answered in Linear, until the session ends or nobody there decides. The example's answer is given once a matter: the
 * same question again is one that it does not answer.
 */
async function steerToEnd(options: Options, client: FactoryClient, start: SessionView, steering: LinearSteering): Promise<SessionView> {
  const answered = new Set<string>();
  let view = start;
  while (view.terminal === undefined) {
    const matter = view.openReview?.matter ?? "";
    if (answered.has(matter) && !isAtTerminal(options)) return view;
    answered.add(matter);
    const decided = await askInLinear(options, client, view, steering);
    if (decided === undefined) return view;
    view = decided.terminal !== undefined || needsPerson(decided) ? decided : await followOn(options, client, decided);
  }
  say(options, "\nIssues in Linear:");
  for (const line of await steering.issueLines(view.sessionId)) say(options, `  ${line}`);
  return view;
}

/** Whether a person can be asked here. */
function isAtTerminal({ json }: Options): boolean {
  return !json && process.stdin.isTTY && process.stdout.isTTY;
}

/** Has the open review answered in Linear; undefined when it was not. */
async function askInLinear(options: Options, client: FactoryClient, view: SessionView, steering: LinearSteering): Promise<SessionView | undefined> {
  const review = view.openReview;
  if (review === undefined) return undefined;
  const steered = await steering.answer(review, { say: (text) => say(options, text), isTerminal: isAtTerminal(options) });
  if (steered === undefined) return undefined;
  const isDecided = (next: SessionView): boolean => next.openReview?.reviewId !== review.reviewId;
  const decided = await followOn(options, client, view, { until: isDecided, signal: AbortSignal.timeout(DECISION_PATIENCE_MS) });
  const { body } = await steering.reply(steered.issue);
  say(options, `\nThe factory replies on ${steered.issue.identifier}:\n\n${indented(body)}\n`);
  if (!isDecided(decided)) return undefined;
  const lineage = await lineageOf(client, steered.dispositionEventId);
  say(options, `  lineage   ${lineage.join(" <- ")}`);
  if (options.json) console.log(JSON.stringify({ linear: { issue: steered.issue.identifier, lineage } }));
  return decided;
}

function summarise(options: Options, view: SessionView, outcome: Outcome, out: string | null, durationMs: number): void {
  say(options, "");
  if (outcome === "IN_REVIEW") say(options, reviewText(view));
  say(options, `${outcome}${view.terminal === undefined || view.terminal.reason === "" ? "" : `: ${view.terminal.reason}`}`);
  say(options, `  beads     ${shown(beadsOrAbsent(view), ({ done, failed }) => `${done} done, ${failed} failed`)}`);
  say(options, `  checks    ${countsText(view.checks)}`);
  say(options, `  holdouts  ${countsText(view.holdouts)}`);
  say(options, `  loop      ${view.divergences} divergences, ${view.amendments} amendments`);
  say(options, `  took      ${(durationMs / 1000).toFixed(1)} s`);
  if (out !== null) {
    say(options, `  out       ${out}/`);
    say(options, `  verify    npx factory verify ${out}/${EVIDENCE_FILE} --tree ${out}`);
  }
}

async function finish(options: Options, client: FactoryClient, view: SessionView, started: number): Promise<number> {
  const outcome = outcomeOf(view);
  let out: string | null = null;
  if (view.terminal !== undefined) {
    const directory = join(options.directory, "out", view.sessionId);
    if (outcome === "COMPLETED") await writeDeliverable(client, view.sessionId, directory);
    else await writeEvidence(client, view.sessionId, join(directory, EVIDENCE_FILE));
    out = relative(options.directory, directory);
  }
  const durationMs = performance.now() - started;
  summarise(options, view, outcome, out, durationMs);
  if (options.json) console.log(resultLine(view, outcome, reasonOf(view), durationMs, out));
  return EXIT_BY_OUTCOME[outcome];
}

async function withPlatform(options: Options, work: (platform: RunningPlatform, steering: LinearSteering | undefined) => Promise<number>): Promise<number> {
  const hostOptions = hostOptionsFrom(process.env);
  await using steering = options.linear ? await LinearSteering.start(hostOptions.port, ensureDevKey().org) : undefined;
  const linear = steering?.options ?? linearOptionsFrom(process.env);
  const platform = await spawnPlatform({ ...hostOptions, ...(linear === undefined ? {} : { linear }) }, (step) => say(options, `  ${step}`));
  let keep = options.keep;
  const stopEarly = (): void => void platform.stop().then(() => process.exit(EXIT.failed));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stopEarly);
  onOrphaned(stopEarly);
  try {
    const code = await work(platform, steering);
    if (keep && steering !== undefined) say(options, `\nLinear is stood in for at ${steering.standIn.url}: read and comment there.`);
    if (keep) {
      say(options, `\nThe platform stays up at ${platform.url} (health: ${platform.url}/health). Ctrl-C ends it.`);
      await platform.exited;
    }
    return code;
  } catch (err) {
    keep = false;
    throw err;
  } finally {
    await platform.stop();
  }
}

/** The order with the review mode `human`, in its envelope and, where it names one itself, in its own words: the two must agree. */
function askingAPerson(submission: Submission): Submission {
  const [, frontMatter = ""] = /^---\r?\n([\s\S]*?\n)---/.exec(submission.text) ?? [];
  const text = submission.text.replace(frontMatter, () => frontMatter.replace(/^review_mode:[^\r\n]*/m, "review_mode: human"));
  return { ...submission, text, config: { reviewMode: "human" } };
}

async function main(options: Options): Promise<number> {
  const started = performance.now();
  const submission = options.linear ? askingAPerson(readSubmission(options.order)) : readSubmission(options.order);
  if (submission.parsed === undefined) {
    const faults = submission.faults.map(({ line, rule, fix }) => `${relative(options.directory, options.order)}:${line}: ${rule}: ${fix}`);
    for (const fault of faults) console.error(fault);
    if (options.json) console.log(resultLine(undefined, "REFUSED", faults.join("\n"), performance.now() - started, null));
    return EXIT.refused;
  }
  say(options, `Factory: ${submission.parsed.title}`);
  return withPlatform(options, async (platform, steering) => {
    const credentials = readCredentials(REPOSITORY, process.env);
    if (options.keep) say(options, `\nWatch it: ${dashboardLink(platform.url, credentials)}\n`);
    const client = createFactoryClient({ url: platform.url, apiKey: credentials.apiKey });
    const view = await runOrder(options, client, await signedRequest(submission, credentials), steering);
    return finish(options, client, view, started);
  });
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(HELP);
  else process.exitCode = await main(options);
} catch (err) {
  const { text, code } = err instanceof PlatformStartError ? { text: err.message, code: EXIT.usage } : errorText(err);
  console.error(text);
  if (process.argv.includes("--json")) console.log(resultLine(undefined, "FAILED", text, 0, null));
  process.exitCode = code;
}
