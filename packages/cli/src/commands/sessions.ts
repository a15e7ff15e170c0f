/** Commands about a session: submit, events, status, cancel. */
import { toJsonString } from "@bufbuild/protobuf";
import { overfitText, shown } from "@factory/verification/evidence";
import { SessionEventKind, SessionEventSchema, StreamMode, type SessionEvent } from "@factory/schemas/proto";
import { EXIT, UsageError } from "../errors.ts";
import { followSession, submitAndFollow } from "../follow.ts";
import { EXIT_BY_OUTCOME, outcomeOf, reasonOf } from "../outcome.ts";
import { beadLine, cost, createProgress, gateLine, optionLine, type Terminal } from "../progress.ts";
import {
  EMPTY_VIEW,
  beadCounts,
  beadsOrAbsent,
  countsOrAbsent,
  foldEvent,
  moleculesOrAbsent,
  overfitOrAbsent,
  verdictOrAbsent,
  type SessionView,
} from "../session-view.ts";
import { reviewText } from "../review-text.ts";
import { signedRequest } from "../submission.ts";
import { argument, type Command, type CommandContext } from "./command.ts";
import { FILES_HELP, FILES_OPTION, readOrder } from "./orders.ts";

/** The process's standard output as a terminal. */
export function standardOutput(): Terminal {
  const { stdout } = process;
  return { isTTY: stdout.isTTY, columns: stdout.columns ?? 120, rows: stdout.rows ?? 40, write: (text) => void stdout.write(text) };
}

/** True when nothing goes on until a person decides. */
export function needsPerson(view: SessionView): boolean {
  return view.openReview !== undefined && !view.openReview.decidedByPolicy;
}

const jsonEvent = (event: SessionEvent): string => toJsonString(SessionEventSchema, event);

/** Prints how a session ended or what it waits for; with `--json` one object, the last line. */
function ended(context: CommandContext, view: SessionView): number {
  const outcome = outcomeOf(view);
  const reason = reasonOf(view);
  if (context.values["json"] === true) {
    context.print(JSON.stringify({ session: view.sessionId, outcome, ...(outcome === "COMPLETED" ? {} : { reason }) }));
  } else {
    if (view.openReview !== undefined) context.print(reviewText(view));
    // The reason of an open review is its prompt, which is above.
    context.print(view.terminal === undefined || reason === "" ? outcome : `${outcome}: ${reason}`);
  }
  return EXIT_BY_OUTCOME[outcome];
}

/** Names of the stream modes on the command line. */
const MODES: { readonly [name: string]: StreamMode } = {
  all: StreamMode.ALL,
  transitions: StreamMode.STATE_TRANSITIONS,
  terminal: StreamMode.TERMINAL_ONLY,
};

function modeOf(context: CommandContext): StreamMode {
  const name = context.values["mode"] ?? "all";
  const mode = typeof name === "string" ? MODES[name] : undefined;
  if (mode === undefined) throw new UsageError(`--mode is one of ${Object.keys(MODES).join(", ")}.`);
  return mode;
}

export const submit: Command = {
  usage: "submit ORDER.md [--follow] [--mode MODE] [--files GLOB]...",
  summary: "send a work order; prints the session id, with --follow its progress to the end",
  options: { follow: { type: "boolean", short: "f" }, mode: { type: "string" }, ...FILES_OPTION },
  help: ["--follow, -f    follow until it ends or needs a person", "--mode MODE     which events come: all, transitions or terminal (default all)", FILES_HELP],
  async run(context) {
    const submission = readOrder(context);
    if (submission === undefined) return EXIT.refused;
    const json = context.values["json"] === true;
    const follow = context.values["follow"] === true;
    const progress = follow && !json ? createProgress(standardOutput()) : undefined;
    const mode = modeOf(context);
    const view = await submitAndFollow(context.client(), await signedRequest(submission, context.credentials(), mode), {
      mode,
      until: (now) => !follow || needsPerson(now),
      onEvent: (event, now) => {
        if (json) context.print(jsonEvent(event));
        else if (event.seq === 1n && progress === undefined) context.print(now.sessionId);
        else if (event.seq === 1n) progress?.note(`session ${now.sessionId}`);
        progress?.update(event, now);
      },
      onReconnect: (reason) => progress?.note(`the stream broke (${reason}); resuming`),
    });
    progress?.end();
    return follow ? ended(context, view) : EXIT.completed;
  },
};

function seqOf(value: CommandContext["values"][string]): bigint {
  if (value === undefined) return 0n;
  if (typeof value !== "string" || !/^[0-9]{1,18}$/.test(value)) throw new UsageError("--after is a seq: a whole number from 0 on.");
  return BigInt(value);
}

export const events: Command = {
  usage: "events SESSION [--after N] [--follow]",
  summary: "print a session's events",
  options: { after: { type: "string" }, follow: { type: "boolean", short: "f" } },
  help: [
    "--after N       strictly after this seq",
    "--follow, -f    go on until the session ends",
    "With --json and without --after the output is the whole log, as `factory verify --log FILE` takes it.",
  ],
  async run(context) {
    const sessionId = argument(context, 0, "SESSION");
    const after = seqOf(context.values["after"]);
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

/** The events that are there now, strictly after a seq. */
async function* stored(context: CommandContext, sessionId: string, after: bigint): AsyncGenerator<SessionEvent> {
  const request = { sessionId, fromSequence: after, streamMode: StreamMode.ALL, replayOnly: true };
  for await (const { event } of context.client().gateway.resumeStream(request)) if (event !== undefined) yield event;
}

/** One line of what an event says. */
function summaryOf(event: SessionEvent): string {
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
    case "approval":
      return `${payload.value.approvalId} of ${payload.value.reviewId} by ${payload.value.approver}`;
    case "consentDenied":
      return `${payload.value.toolName} of ${payload.value.beadId}: ${payload.value.reason}`;
    case "clarification":
      return payload.value.answer === undefined ? (payload.value.question ?? "") : `${payload.value.answer} (${payload.value.answeredBy ?? ""})`;
    case "divergence":
      return `${payload.value.divergenceType}: ${payload.value.reason}`;
    case "amendment":
      return `${payload.value.amendmentId} ${payload.value.faultAttribution} ${payload.value.scope}`;
    case "candidateSet":
      return optionLine(payload.value);
    case "pass":
      return `${payload.value.pass} -> ${payload.value.artifactId}${(payload.value.attempt ?? 1) > 1 ? ` in attempt ${payload.value.attempt}` : ""}`;
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
          passes: [...view.passes].map(([pass, attempt]) => ({ pass, attempt })),
          option: view.option ?? null,
          gates: [...view.gates.values()],
          beads: beadsOrAbsent(view),
          molecules: moleculesOrAbsent(view),
          checks: countsOrAbsent(view.checks),
          holdouts: countsOrAbsent(view.holdouts),
          overfit: overfitOrAbsent(view.lastVerdict),
          firstVerdict: verdictOrAbsent(view.firstVerdict),
          review: view.openReview ?? null,
          terminal: view.terminal ?? null,
        }),
      );
      return EXIT.completed;
    }
    if (view.option !== undefined) context.print(optionLine(view.option));
    for (const gate of view.gates.values()) context.print(gateLine(gate));
    for (const bead of view.beads.values()) context.print(beadLine(bead));
    const molecules = shown(moleculesOrAbsent(view), ({ passed, total }) => `${passed}/${total}`);
    context.print(`${sessionId} ${view.state} · ${counts.done}/${counts.total} beads · molecules ${molecules} · ${cost(view.costUsd)}`);
    if (view.lastVerdict !== undefined) context.print(overfitText(view.firstVerdict, view.lastVerdict));
    if (view.terminal !== undefined && view.terminal.reason !== "") context.print(view.terminal.reason);
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
    context.print(context.values["json"] === true ? JSON.stringify({ accepted: answer.accepted, reason: answer.reason }) : cancelText(answer));
    return answer.accepted ? EXIT.completed : EXIT.failed;
  },
};

/** An accepted cancel may still be closing what runs: the answer carries the state at that moment. */
function cancelText({ accepted, reason }: { readonly accepted: boolean; readonly reason: string }): string {
  return accepted && reason !== "CANCELLED" ? `Accepted; it is being stopped (now ${reason}).` : reason;
}
