import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { SessionEventSchema } from "@factory/schemas/proto";
import { beadLine, cost, createProgress, duration, statusLine, type Terminal } from "./progress.ts";
import { EMPTY_VIEW, foldEvent, type BeadView } from "./session-view.ts";

const aBead = (change: Partial<BeadView>): BeadView => ({
  beadId: "b",
  title: "slugify",
  role: "coder",
  state: "DONE",
  attempt: 1,
  cycle: 0,
  durationMs: 1_200,
  reason: undefined,
  ...change,
});

describe("a bead's line", () => {
  it("shows how long a finished bead took", () => expect(beadLine(aBead({}))).toBe("✓ slugify  1.2 s"));
  it("shows why a bead failed, and in which cycle", () =>
    expect(beadLine(aBead({ state: "FAILED", cycle: 2, reason: "no program" }))).toBe("✗ slugify  cycle 2 · no program"));
});

describe("figures", () => {
  it("tell an unknown cost from none", () => {
    expect(cost(0)).toBe("$0.00");
    expect(cost(0.01234)).toBe("$0.0123");
    expect(cost(undefined)).toBe("cost unknown");
  });
  it("say minutes when there are some", () => expect(duration(125_000)).toBe("2 min 5 s"));
  it("fill the bar by the passes while there are no beads", () => {
    const view = { ...EMPTY_VIEW, state: "COMMISSIONING", passes: new Map([["synthesize-pressure", 1]]) };
    expect(statusLine(view, 2_000)).toBe(`[${"█".repeat(6)}${"░".repeat(18)}] 1/4 passes · COMMISSIONING · 2.0 s · $0.00`);
  });
  it("fill the bar by the beads that are done", () => {
    const view = {
      ...EMPTY_VIEW,
      state: "EXECUTING",
      beads: new Map([
        ["a", aBead({})],
        ["b", aBead({ beadId: "b2", state: "READY" })],
      ]),
    };
    expect(statusLine(view, 2_000)).toBe(`[${"█".repeat(12)}${"░".repeat(12)}] 1/2 beads · EXECUTING · 2.0 s · $0.00`);
  });
});

describe("progress of planning", () => {
  it.each([false, true])("tells which option was chosen and what the gates on the session found, with a live picture: %s", (isTTY) => {
    let written = "";
    const terminal: Terminal = { isTTY, columns: 80, rows: 24, write: (text) => void (written += text) };
    const progress = createProgress(terminal, () => 0);
    let view = EMPTY_VIEW;
    const payloads = [
      { case: "candidateSet", value: { selected: "slug_module", alternatives: ["slug_entry", "slug_class"] } },
      { case: "verification", value: { verificationType: "SEMANTIC_REVIEW", outcome: "FAIL", summary: "needs_revision:\u001b[2J a number\nwas invented" } },
      { case: "verification", value: { verificationType: "FIDELITY", outcome: "PASS", summary: "3 checks passed", subjectId: "BEAD-1" } },
    ];
    for (const [index, payload] of payloads.entries()) {
      const event = create(SessionEventSchema, { seq: BigInt(index + 1), payload: payload as never });
      view = foldEvent(view, event);
      progress.update(event, view);
    }
    progress.end();
    expect(written).toContain("  → slug_module  instead of slug_entry, slug_class\n");
    expect(written).toContain("  ✗ semantic-review  needs_revision: [2J a number was invented\n");
    expect(written).not.toContain("3 checks passed");
  });
});

describe("progress without a terminal", () => {
  it("writes one line for each state and each bead that ended or waits for a person", () => {
    let written = "";
    const terminal: Terminal = { isTTY: false, columns: 80, rows: 24, write: (text) => void (written += text) };
    const progress = createProgress(terminal, () => 0);
    let view = EMPTY_VIEW;
    const payloads = [
      { case: "stateTransition", value: { toState: "EXECUTING" } },
      { case: "bead", value: { beadId: "a", title: "slugify", toState: "LEASED" } },
      { case: "bead", value: { beadId: "a", title: "slugify", toState: "WAITING", reason: "It waits for a person." } },
      { case: "bead", value: { beadId: "a", title: "slugify", toState: "DONE" } },
    ];
    for (const [index, payload] of payloads.entries()) {
      const event = create(SessionEventSchema, { seq: BigInt(index + 1), payload: payload as never });
      view = foldEvent(view, event);
      progress.update(event, view);
    }
    progress.end();
    expect(written.split("\n").filter((line) => line.includes("slugify"))).toEqual(["  ? slugify  It waits for a person.", "  ✓ slugify"]);
    expect(written).toContain("EXECUTING");
  });
});
