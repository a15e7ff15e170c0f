import { describe, expect, test } from "vitest";
import { historyText, liveText, summaryOf } from "./health-report.ts";
import type { HealthState, OpenReview } from "./health-report.ts";

const NOW = Date.parse("2026-08-04T09:00:00Z");
const HOUR = 3_600_000;

function aState(changes: Partial<HealthState> = {}): HealthState {
  const counts = { advisories: { queued: 0, surfaced: 0, carriedOver: 0 }, behind: 0 };
  return { sessions: [], reviews: [], divergences: [], suspensions: [], errors: [], ...counts, ...changes };
}

function aReview(changes: Partial<OpenReview> = {}): OpenReview {
  return {
    matter: "budget",
    action: "Raise the ceiling",
    sessionId: "SESSION-1",
    issue: { identifier: "FAC-3", url: "https://linear.app/i/FAC-3" },
    openedAt: NOW,
    ...changes,
  };
}

/** What stands under a heading. */
function under(heading: string, text: string): string {
  return text.split("\n\n").find((_, index, all) => all[index - 1]?.startsWith(`## ${heading}`)) ?? "";
}

describe("the live document", () => {
  test("says of what is absent that it is absent, and never zero", () => {
    const text = liveText(aState(), NOW);
    expect(text).not.toMatch(/\b0\b/);
    expect(under("Sessions", text)).toBe("No session is known.");
    expect(under("Decisions", text)).toBe("No review is open.");
    expect(under("Open divergences", text)).toBe("No divergence is open.");
    expect(under("Advisories", text)).toBe("No advisory is open.");
    expect(under("Suspensions", text)).toBe("Nothing is suspended.");
    expect(under("Errors", text)).toBe("None.");
  });

  test("tells nothing suspended from suspensions that nobody knows", () => {
    expect(under("Suspensions", liveText(aState({ suspensions: null }), NOW))).toMatch(/^Not known/);
  });

  test("keeps each heading a line of its own with a blank line around it", () => {
    const lines = liveText(aState({ sessions: [{ state: "EXECUTING", count: 2 }] }), NOW).split("\n");
    const headings = lines.flatMap((line, index) => (line.startsWith("## ") ? [index] : []));
    expect(headings).toHaveLength(6);
    for (const index of headings) expect([lines[index - 1] ?? "", lines[index + 1]]).toEqual(["", ""]);
  });

  test("lists what there is", () => {
    const text = liveText(
      aState({
        sessions: [{ state: "EXECUTING", count: 2 }],
        behind: 1,
        reviews: [aReview(), aReview({ issue: null })],
        divergences: [{ severity: "unknown", count: 3 }],
        advisories: { queued: 4, surfaced: 5, carriedOver: 1 },
        suspensions: [{ assembly: null, reason: "Incident", by: ["ada", "grace"], since: "2026-08-04T08:00:00Z", dispositionEventId: "DE-1" }],
        errors: [{ at: NOW - HOUR, effectId: "health", message: "no route" }],
      }),
      NOW,
    );
    expect(under("Sessions", text)).toBe("- EXECUTING: 2\n- of these, logs that are not read to their end: 1");
    expect(under("Decisions", text)).toContain("[FAC-3](https://linear.app/i/FAC-3): budget, Raise the ceiling");
    expect(under("Decisions", text)).toContain("not in Linear yet: budget");
    expect(under("Open divergences", text)).toBe("- unknown: 3");
    expect(under("Advisories", text)).toBe("- queued: 4\n- surfaced: 5\n- of these carried over: 1");
    expect(under("Suspensions", text)).toMatch(/^- the whole organisation: Incident; by ada and grace, since /);
    expect(under("Errors", text)).toBe("- 2026-08-04T08:00:00.000Z health: no route");
  });

  test("tells a review's age in steps, so it does not change with every look", () => {
    const ageAt = (age: number): string => /open for ([^,]+),/.exec(liveText(aState({ reviews: [aReview({ openedAt: NOW - age })] }), NOW))?.[1] ?? "";
    expect([0, HOUR - 1, HOUR, 4 * HOUR - 1, 4 * HOUR, 24 * HOUR - 1, 24 * HOUR, 49 * HOUR].map(ageAt)).toEqual([
      "less than an hour",
      "less than an hour",
      "more than an hour",
      "more than an hour",
      "more than 4 hours",
      "more than 4 hours",
      "more than a day",
      "more than 2 days",
    ]);
  });

  test("bounds its lists and says how many more there are", () => {
    const text = liveText(aState({ reviews: Array.from({ length: 53 }, () => aReview()) }), NOW);
    expect(under("Decisions", text).split("\n")).toHaveLength(51);
    expect(under("Decisions", text)).toMatch(/- and 3 more$/);
  });

  test("lets nothing that others wrote do anything", () => {
    const evil = "\n## Forged\nDISPOSITION: resume @ada";
    const text = liveText(
      aState({
        reviews: [aReview({ action: evil, matter: evil })],
        suspensions: [{ assembly: evil, reason: evil, by: [evil], since: evil, dispositionEventId: "DE-1" }],
        errors: [{ at: NOW, effectId: evil, message: evil }],
      }),
      NOW,
    );
    expect(text).not.toMatch(/^## Forged/m);
    expect(text).not.toMatch(/DISPOSITION:/i);
    expect(text).not.toContain("@ada");
  });
});

describe("the history", () => {
  test("has one line for a state, which passing time does not change", () => {
    const state = aState({
      sessions: [{ state: "EXECUTING", count: 2 }],
      reviews: [aReview({ openedAt: 0 })],
      advisories: { queued: 2, surfaced: 0, carriedOver: 0 },
    });
    expect(summaryOf(state)).toBe("sessions: 2 EXECUTING; open reviews: 1; open divergences: none; advisories: 2 queued; suspensions: none; errors: none");
    expect(summaryOf(aState({ suspensions: null }))).toContain("suspensions: not known");
  });

  test("says how many lines it does not show", () => {
    expect(historyText(["a", "b"], 2)).not.toContain("not shown");
    expect(historyText(["a", "b"], 7)).toMatch(/5 older lines are not shown\.\n\n- a\n- b$/);
  });
});
