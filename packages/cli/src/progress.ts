/** Live progress of a session on a terminal: one line a bead, a bar, elapsed time, cost. Elsewhere one line a change. */
import { PASSES } from "@factory/schemas";
import type { ReviewVotePayload, SessionEvent } from "@factory/schemas/proto";
import { beadCounts, gateOf, type BeadView, type GateView, type SessionView } from "./session-view.ts";
import { oneLine } from "./terminal-text.ts";

export type Terminal = { readonly isTTY: boolean; readonly columns: number; readonly rows: number; write(text: string): void };

export type Progress = {
  update(event: SessionEvent, view: SessionView): void;
  /** A line that stays above the live part. */
  note(text: string): void;
  /** Leaves the last picture standing. */
  end(): void;
};

const MARKS: { readonly [state: string]: string } = { BLOCKED: "·", READY: "○", LEASED: "●", WAITING: "?", DONE: "✓", FAILED: "✗", CANCELLED: "–" };
/** States of a bead that are told one by one where there is no live picture: it ended, or it waits for a person. */
const TOLD: ReadonlySet<string> = new Set(["DONE", "FAILED", "WAITING"]);
const GATE_MARKS: { readonly [outcome: string]: string } = { PASS: "✓", FAIL: "✗", INCONCLUSIVE: "?" };
/** Planning passes of a session. */
const PASS_COUNT = PASSES.length;
const BAR_CELLS = 24;
/** Lines the live part leaves free for what is above it. */
const SPARE_ROWS = 4;
const REFRESH_MS = 100;

/** `1.2 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** `$0.0123`, or that the price is not known. */
export function cost(usd: number | undefined): string {
  return usd === undefined ? "cost unknown" : `$${usd.toFixed(usd === 0 ? 2 : 4)}`;
}

/** One bead on one line. */
export function beadLine(bead: BeadView): string {
  const again = [bead.cycle > 0 ? `cycle ${bead.cycle}` : "", bead.attempt > 1 ? `attempt ${bead.attempt}` : ""].filter((text) => text !== "").join(", ");
  const time = bead.state === "DONE" && bead.durationMs !== undefined ? duration(bead.durationMs) : "";
  const why = bead.state === "FAILED" || bead.state === "WAITING" ? (bead.reason ?? "") : "";
  const tail = [again, time, why].filter((text) => text !== "").join(" · ");
  return `${MARKS[bead.state] ?? "?"} ${bead.title}${tail === "" ? "" : `  ${tail}`}`;
}

/** A gate's report on one line. */
export function gateLine({ gate, outcome, summary }: GateView): string {
  return `${GATE_MARKS[outcome] ?? "?"} ${gate.toLowerCase().replaceAll("_", "-")}  ${oneLine(summary)}`;
}

/** Which option was chosen, and instead of which ones. */
export function optionLine({ selected, alternatives }: NonNullable<SessionView["option"]>): string {
  return `→ ${oneLine(selected)}${alternatives.length === 0 ? "" : `  instead of ${oneLine(alternatives.join(", "))}`}`;
}

/** One vote of several on one line. */
export function voteLine({ approver, decision, approvals, needed }: Pick<ReviewVotePayload, "approver" | "decision" | "approvals" | "needed">): string {
  return `✓ ${oneLine(approver)} ${decision}  ${approvals} of ${needed} approvals`;
}

/** What an event says beside the beads: a choice, a vote, a block, or a gate's report on the session; undefined for everything else. */
function tellingLine({ payload }: SessionEvent): string | undefined {
  if (payload.case === "candidateSet") return optionLine(payload.value);
  if (payload.case === "reviewVote") return voteLine(payload.value);
  if (payload.case === "dispatchBlocked") return `! ${payload.value.code}  ${oneLine(payload.value.message)}`;
  const gate = payload.case === "verification" ? gateOf(payload.value) : undefined;
  return gate === undefined ? undefined : gateLine(gate);
}

/** The bar and the figures beside it. */
export function statusLine(view: SessionView, elapsedMs: number): string {
  const beads = beadCounts(view);
  // Before there are beads the passes are what there is to do.
  const { done, total, what } =
    beads.total > 0 || view.passes.size === 0 ? { ...beads, what: "beads" } : { done: view.passes.size, total: PASS_COUNT, what: "passes" };
  const filled = total === 0 ? 0 : Math.round((done / total) * BAR_CELLS);
  return `[${"█".repeat(filled)}${"░".repeat(BAR_CELLS - filled)}] ${done}/${total} ${what} · ${view.state} · ${duration(elapsedMs)} · ${cost(view.costUsd)}`;
}

const fit = (line: string, columns: number): string => (line.length < columns ? line : `${line.slice(0, Math.max(1, columns - 2))}…`);

/** Progress for the terminal at hand. */
export function createProgress(terminal: Terminal, now: () => number = () => performance.now()): Progress {
  const started = now();
  return terminal.isTTY ? liveProgress(terminal, now, started) : plainProgress(terminal, now, started);
}

function plainProgress(terminal: Terminal, now: () => number, started: number): Progress {
  let state = "";
  return {
    update(event, view) {
      if (view.state !== state) {
        state = view.state;
        terminal.write(`${statusLine(view, now() - started)}\n`);
      }
      const telling = tellingLine(event);
      if (telling !== undefined) terminal.write(`  ${telling}\n`);
      if (event.payload.case !== "bead") return;
      const bead = view.beads.get(event.payload.value.beadId);
      if (bead !== undefined && TOLD.has(bead.state)) terminal.write(`  ${beadLine(bead)}\n`);
    },
    note: (text) => terminal.write(`${text}\n`),
    end: () => undefined,
  };
}

function liveProgress(terminal: Terminal, now: () => number, started: number): Progress {
  let drawn = 0;
  let last: SessionView | undefined;
  let over = false;
  const erase = (): void => {
    if (drawn > 0) terminal.write(`\u001b[${drawn}A\u001b[0J`);
    drawn = 0;
  };
  const draw = (): void => {
    if (last === undefined || over) return;
    const lines = pictureOf(last, now() - started, terminal.rows - SPARE_ROWS).map((line) => fit(line, terminal.columns));
    erase();
    terminal.write(`${lines.join("\n")}\n`);
    drawn = lines.length;
  };
  const note = (text: string): void => {
    erase();
    terminal.write(`${text}\n`);
    draw();
  };
  // Elapsed time moves on between events, too.
  const timer = setInterval(draw, REFRESH_MS);
  return {
    update(event, view) {
      last = view;
      const telling = tellingLine(event);
      if (telling !== undefined) note(fit(`  ${telling}`, terminal.columns));
    },
    note,
    end() {
      clearInterval(timer);
      draw();
      over = true;
    },
  };
}

/** Beads that need attention first when they do not all fit. */
function pictureOf(view: SessionView, elapsedMs: number, rows: number): string[] {
  const beads = [...view.beads.values()];
  const order = ["FAILED", "WAITING", "LEASED", "READY", "BLOCKED", "DONE", "CANCELLED"];
  const shown = beads.length <= rows ? beads : [...beads].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state)).slice(0, Math.max(1, rows - 1));
  const rest = beads.length - shown.length;
  return [...shown.map((bead) => `  ${beadLine(bead)}`), ...(rest > 0 ? [`  … and ${rest} more`] : []), statusLine(view, elapsedMs)];
}
