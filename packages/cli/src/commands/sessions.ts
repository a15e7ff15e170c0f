/** Commands about a session: submit, events, status, cancel. */
import { toJsonString } from "@bufbuild/protobuf";
import { SessionEventKind, SessionEventSchema, StreamMode, type SessionEvent } from "@factory/schemas/proto";
import { EXIT } from "../errors.ts";
import { followSession, submitAndFollow } from "../follow.ts";
import { beadLine, cost, createProgress, type Terminal } from "../progress.ts";
import { EMPTY_VIEW, beadCounts, foldEvent, totalOf, type SessionView } from "../session-view.ts";
import { signedRequest } from "../submission.ts";
import { argument, type Command, type CommandContext } from "./command.ts";
import { readOrder } from "./orders.ts";

/** The exit code a session's end calls for. */
export function exitCodeOf(view: SessionView): number {
  if (view.terminal?.outcome === "COMPLETED") return EXIT.completed;
  if (view.terminal !== undefined) return EXIT.failed;
  return view.openReview === undefined ? EXIT.failed : EXIT.needsPerson;
}

/** The process's standard output as a terminal. */
export function standardOutput(): Terminal {
  const { stdout } = process;
  return { isTTY: stdout.isTTY, columns: stdout.columns ?? 120, rows: stdout.rows ?? 40, write: (text) => void stdout.write(text) };
}

/** What an open review asks, and the commands that answer it. */
export function reviewText(view: SessionView): string {
  const review = view.openReview;
  if (review === undefined) return "";
  const command = (verb: string): string => `  npx factory ${verb} ${view.sessionId} ${review.reviewId}`;
  return [
    "",
    `A person is needed (${review.type}): ${review.action}`,
    review.prompt,
    "Answer with one of:",
    `${command("approve")} [--note "..."]`,
    `${command("reject")} --note "why"`,
    `${command("amend")} --note "what to do"`,
  ].join("\n");
}

/** True when nothing goes on until a person decides. */
export function needsPerson(view: SessionView): boolean {
  return view.openReview !== undefined && !view.openReview.decidedByPolicy;
}

const jsonEvent = (event: SessionEvent): string => toJsonString(SessionEventSchema, event);

function ended(context: CommandContext, view: SessionView): number {
  if (context.values["json"] !== true) {
    if (view.openReview !== undefined) context.print(reviewText(view));
    if (view.terminal !== undefined) context.print(`${view.terminal.outcome}${view.terminal.reason === "" ? "" : `: ${view.terminal.reason}`}`);
  }
  return exitCodeOf(view);
}

export const submit: Command = {
  usage: "submit ORDER.md [--follow]",
  summary: "send a work order; prints the session id, with --follow its progress to the end",
  options: { follow: { type: "boolean", short: "f" } },
  help: ["--follow, -f    follow until it ends or needs a person"],
  async run(context) {
    const submission = readOrder(context);
    if (submission === undefined) return EXIT.refused;
    const json = context.values["json"] === true;
    const follow = context.values["follow"] === true;
    const progress = follow && !json ? createProgress(standardOutput()) : undefined;
    const view = await submitAndFollow(context.client(), await signedRequest(submission, context.credentials()), {
      until: (now) => !follow || needsPerson(now),
      onEvent: (event, now) => {
        if (json) context.print(jsonEvent(event));
        if (event.seq === 1n && !json) progress === undefined ? context.print(now.sessionId) : progress.note(`session ${now.sessionId}`);
        progress?.update(event, now);
      },
      onReconnect: (reason) => progress?.note(`the stream broke (${reason}); resuming`),
    });
    progress?.end();
    return follow ? ended(context, view) : EXIT.completed;
  },
};

export const events: Command = {
  usage: "events SESSION [--after N] [--follow]",
  summary: "print a session's events",
  options: { after: { type: "string" }, follow: { type: "boolean", short: "f" } },
  help: ["--after N       strictly after this seq", "--follow, -f    go on until the session ends"],
  async run(context) {
    const sessionId = argument(context, 0, "SESSION");
    const after = typeof context.values["after"] === "string" ? BigInt(context.values["after"]) : 0n;
    const show = (event: SessionEvent): void =>
      context.print(
        context.values["json"] === true ? jsonEvent(event) : `${String(event.seq).padStart(5)}  ${SessionEventKind[event.kind]}  ${summaryOf(event)}`,
      );
    if (context.values["follow"] === true) {
      await followSession(context.client(), sessionId, { after, onEvent: show });
      return EXIT.completed;
    }
    for await (const event of stored(context, sessionId, after)) show(event);
    return EXIT.completed;
  },
};

/** Quiet time after which a stream of a live session is taken to have caught up, in milliseconds. */
const CAUGHT_UP_MS = 500;

/** The events that are there now: the stream is left when the session has ended or nothing more comes. */
async function* stored(context: CommandContext, sessionId: string, after: bigint): AsyncGenerator<SessionEvent> {
  const abort = new AbortController();
  const stream = context.client().gateway.resumeStream({ sessionId, fromSequence: after, streamMode: StreamMode.ALL }, { signal: abort.signal });
  const iterator = stream[Symbol.asyncIterator]();
  try {
    for (let first = true; ; first = false) {
      const next = iterator.next();
      // Left alone on purpose: once aborted it rejects, and nobody waits for it any more.
      next.catch(() => undefined);
      const quiet = first ? CAUGHT_UP_MS * 10 : CAUGHT_UP_MS;
      const result = await Promise.race([next, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), quiet))]);
      if (result === undefined || result.done === true) return;
      if (result.value.event !== undefined) yield result.value.event;
    }
  } finally {
    abort.abort();
  }
}

/** One line of what an event says. */
export function summaryOf(event: SessionEvent): string {
  const { payload } = event;
  switch (payload.case) {
    case "stateTransition":
      return `${payload.value.fromState} -> ${payload.value.toState} ${payload.value.reason}`.trim();
    case "bead":
      return `${payload.value.title}: ${payload.value.fromState} -> ${payload.value.toState} ${payload.value.reason ?? ""}`.trim();
    case "verification":
      return `${payload.value.verificationType} ${payload.value.outcome}: ${payload.value.summary}`;
    case "artifact":
      return `${payload.value.artifactType ?? ""} ${payload.value.artifactId}`.trim();
    case "reviewPrompt":
      return `${payload.value.reviewId} ${payload.value.action}`;
    case "reviewResolved":
      return `${payload.value.reviewId} ${payload.value.decision} by ${payload.value.decidedBy}`;
    case "divergence":
      return `${payload.value.divergenceType}: ${payload.value.reason}`;
    case "amendment":
      return `${payload.value.amendmentId} ${payload.value.faultAttribution} ${payload.value.scope}`;
    case "pass":
      return `${payload.value.pass} -> ${payload.value.artifactId}`;
    case "modelCall":
      return `${payload.value.purpose} by ${payload.value.modelId} (${cost(payload.value.costUsd)})`;
    case "terminal":
      return `${payload.value.outcome} ${payload.value.reason}`.trim();
    case "error":
      return `${payload.value.code}: ${payload.value.message}`;
    default:
      return "";
  }
}

export const status: Command = {
  usage: "status SESSION",
  summary: "where a session stands, bead by bead, and what it asks of a person",
  async run(context) {
    const sessionId = argument(context, 0, "SESSION");
    let view = EMPTY_VIEW;
    for await (const event of stored(context, sessionId, 0n)) view = foldEvent(view, event);
    const counts = beadCounts(view);
    if (context.values["json"] === true) {
      context.print(
        JSON.stringify({
          session: sessionId,
          state: view.state,
          beads: counts,
          checks: totalOf(view.checks),
          holdouts: totalOf(view.holdouts),
          review: view.openReview ?? null,
        }),
      );
      return EXIT.completed;
    }
    for (const bead of view.beads.values()) context.print(beadLine(bead));
    context.print(`${sessionId} ${view.state} · ${counts.done}/${counts.total} beads · ${cost(view.costUsd)}`);
    if (view.openReview !== undefined) context.print(reviewText(view));
    return EXIT.completed;
  },
};

export const cancel: Command = {
  usage: "cancel SESSION [--reason TEXT]",
  summary: "stop a session; a repeat is answered like the first call",
  options: { reason: { type: "string" } },
  help: ["--reason TEXT   kept in the log"],
  async run(context) {
    const reason = typeof context.values["reason"] === "string" ? context.values["reason"] : "cancelled from the command line";
    const answer = await context.client().gateway.cancelSession({ sessionId: argument(context, 0, "SESSION"), reason });
    context.print(context.values["json"] === true ? JSON.stringify({ accepted: answer.accepted, reason: answer.reason }) : answer.reason);
    return answer.accepted ? EXIT.completed : EXIT.failed;
  },
};
