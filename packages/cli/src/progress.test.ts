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
