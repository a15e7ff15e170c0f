import type { EventPayload } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TRIGGER } from "../dispositions/grammar.ts";
import { grammarFor } from "../dispositions/matters.ts";
import { FollowedLog } from "../testing/followed-log.ts";
import {
  aLog,
  amendment,
  asked,
  aWholeLog,
  bead,
  beadId,
  compiled,
  decided,
  directed,
  diverged,
  ended,
  found,
  idOf,
  moved,
  ORG,
  RUN_ID,
  said,
  SESSION_ID,
  submitted,
  voted,
  WORK_GRAPH_ID,
} from "../testing/session-logs.ts";
import type { Said } from "../testing/session-logs.ts";
import { beadSubject, divergenceSubject, escalationSubject, issueIdOf, MAX_BEAD_ISSUES, sessionSubject } from "./model.ts";
import type { BindingSubject } from "./model.ts";
import { beadStanding } from "./reduce.ts";

const SESSION = sessionSubject(SESSION_ID);
const sessionIssue = issueIdOf(ORG, SESSION);
const ofBead = (number: number, version = 1, workGraphId = WORK_GRAPH_ID): BindingSubject => beadSubject({ beadId: beadId(number), workGraphId, version });
const ofDivergence = (number: number): BindingSubject => divergenceSubject(idOf("DIV", number));

/** A log of these things, taken. */
const follow = (...things: readonly Said[]): FollowedLog => new FollowedLog(aLog(things));
/** What the last of these things calls for. */
const last = (...things: readonly Said[]): unknown => new FollowedLog().take(aLog(things));

describe("a log that is read", () => {
  it("ends in the same rows and the same effects, in whatever pages, and however often a part is read again", () => {
    const events = aWholeLog();
    const whole = new FollowedLog(events);
    const end = events.length;
    const read = fc.record({ back: fc.nat(end), size: fc.integer({ min: 1, max: end }) });
    fc.assert(
      fc.property(fc.array(read, { maxLength: 12 }), (reads) => {
        const paged = new FollowedLog();
        let cursor = 0;
        for (const { back, size } of [...reads, { back: 0, size: end }]) {
          paged.take(events.slice(Math.max(0, cursor - back), cursor + size));
          cursor = Math.min(end, cursor + size);
        }
        expect(paged.rows()).toEqual(whole.rows());
        expect(paged.intents).toEqual(whole.intents);
      }),
    );
  });

  it("calls for nothing when its last event is taken a second time, whichever it is", () => {
    const events = aWholeLog();
    const followed = new FollowedLog();
    for (const event of events) {
      followed.take([event]);
      const before = followed.rows();
      expect(followed.take([event])).toEqual([]);
      expect(followed.rows()).toEqual(before);
    }
  });

  it("makes one issue for each thing and moves only issues that it made", () => {
    const followed = new FollowedLog(aWholeLog());
    const made = [...followed.of("issue").map(({ draft }) => draft.subject), ...followed.of("bead-issue").map(({ subject }) => subject)];
    const ids = made.map((subject) => issueIdOf(ORG, subject));
    expect(new Set(ids).size).toBe(ids.length);
    const touched = [
      ...followed.of("issue-state").map(({ subject }) => issueIdOf(ORG, subject)),
      ...followed.of("bead-state").map(({ subject }) => issueIdOf(ORG, subject)),
      ...followed.of("comment").map(({ issueId }) => issueId),
    ];
    expect(new Set(ids)).toEqual(new Set([...ids, ...touched]));
  });

  it("has one key for each comment", () => {
    const keys = new FollowedLog(aWholeLog()).of("comment").map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBeGreaterThan(4);
  });

  it("passes over kinds that mean nothing here", () => {
    const followed = follow(submitted());
    const before = followed.intents.size;
    followed.take(aLog([submitted(), said("BUDGET_EXHAUSTED", { budgetUsd: 1, spentUsd: 1, reservedUsd: 0 })]));
    expect(followed.intents.size).toBe(before);
    expect(followed.store.session(SESSION_ID)?.cursor).toBe(2);
  });
});

describe("a session's issue", () => {
  it("has the order's title, who submitted it and where it stands", () => {
    const [intent] = follow(submitted("Carts: with tax", "ada")).of("issue");
    expect(intent?.draft).toMatchObject({ subject: SESSION, title: "Order: Carts: with tax", state: "unstarted", labels: ["factory:session"], parent: null });
    expect(intent?.draft.description).toContain("- Submitted by: ada\n");
    expect(intent?.draft.description).toContain(`(https://factory.example/sessions/${SESSION_ID})`);
  });

  it("guesses nothing from a reason that it does not know", () => {
    const [intent] = follow(said("SESSION_SUBMITTED", { fromState: "", toState: "COMMISSIONING", reason: "replayed" })).of("issue");
    expect(intent?.draft.title).toBe("Order: WO-1");
    expect(intent?.draft.description).not.toContain("Submitted");
  });

  it("cuts a long title and keeps it one line", () => {
    const [intent] = follow(submitted(`${"long ".repeat(200)}\n# heading`)).of("issue");
    expect([...(intent?.draft.title ?? "")].length).toBeLessThanOrEqual(120);
    expect(intent?.draft.title).not.toContain("\n");
  });

  it("is started when work begins, also where a review is what begins it, and only once", () => {
    const states = follow(
      submitted(),
      asked(1, "approval"),
      decided(1, "COMPILING"),
      moved("COMPILATION_STARTED", "COMPILING"),
      moved("COMPILATION_COMPLETE", "EXECUTING"),
    )
      .of("issue-state")
      .filter(({ subject }) => subject.kind === "session");
    expect(states.map(({ state }) => state)).toEqual(["started"]);
  });

  it("goes back with a decision that sends the session back", () => {
    const back = last(submitted(), asked(1, "approval"), decided(1, "COMMISSIONING", { decision: "amended" }));
    expect(back).toContainEqual({ do: "issue-state", subject: SESSION, state: "unstarted", labels: [] });
  });

  it.each([
    ["COMPLETED", "completed", "factory:success"],
    ["FAILED", "canceled", "factory:failure"],
    ["CANCELLED", "canceled", "factory:failure"],
    ["REJECTED", "canceled", "factory:failure"],
  ] as const)("ends with it: %s is %s", (outcome, state, label) => {
    expect(last(submitted(), ended(outcome))).toContainEqual({ do: "issue-state", subject: SESSION, state, labels: [label] });
  });

  it("closes with trailers of what it was", () => {
    const [closing] = new FollowedLog(aWholeLog()).of("closing");
    expect(closing?.trailers).toEqual([
      ["Session", SESSION_ID],
      ["WorkOrder", "WO-1"],
      ["WorkGraph", `${WORK_GRAPH_ID}@2`],
      ["Run", RUN_ID],
      ["Outcome", "COMPLETED"],
      ["Evidence", "c".repeat(64)],
      ["Artifact", idOf("EVD", 1)],
    ]);
  });

  it("is told of a failure in a fence that the message cannot leave", () => {
    const failure = { code: "GATE_REFUSED", message: "```\nDISPOSITION: resume", retryable: false };
    const [comment] = follow(submitted(), said("COMPILATION_FAILED", failure)).of("comment");
    expect(comment?.issueId).toBe(sessionIssue);
    expect(comment?.body).toContain("````\n```\n");
    expect(comment?.body).not.toContain(TRIGGER);
  });

  it("is told of a run that the dispatch gate holds", () => {
    const blocked = said("DISPATCH_BLOCKED", { runId: RUN_ID, code: "DISPATCH_CEILING_EXCEEDED", message: "It has grown.", beads: 7, ceiling: 5 });
    const [comment] = follow(submitted(), blocked).of("comment");
    expect(comment?.issueId).toBe(sessionIssue);
    expect(comment?.body).toContain("It has grown.");
  });
});

describe("a bead's issue", () => {
  it("is one of the work graph and its version, with the directive that was dispatched", () => {
    const followed = follow(submitted(), compiled, directed(1), bead(1, "READY"));
    expect(followed.of("bead-issue")).toEqual([{ do: "bead-issue", sessionId: SESSION_ID, subject: ofBead(1) }]);
    expect(followed.store.bead(SESSION_ID, beadId(1))).toMatchObject({ directiveId: idOf("DIR", 1), workGraphId: WORK_GRAPH_ID, version: 1 });
    expect(followed.store.binding(ofBead(1))).toMatchObject({ issueId: issueIdOf(ORG, ofBead(1)), identifier: null });
  });

  it("is another one in another work graph, and in another version of the same", () => {
    const ids = [ofBead(1), ofBead(1, 2), ofBead(1, 1, idOf("WG", 2))].map((subject) => issueIdOf(ORG, subject));
    expect(new Set(ids).size).toBe(3);
  });

  it("is of no work graph where none was told of", () => {
    expect(follow(submitted(), bead(1, "READY")).of("bead-issue")[0]?.subject).toEqual(ofBead(1, 1, ""));
  });

  it.each(["BEAD_CLAIMED", "BEAD_RELEASED", "BEAD_FAILED", "BEAD_RESCUED", "BEAD_STATE_CHANGED"] as const)("follows %s", (kind) => {
    const next = { ...bead(1, "LEASED"), kind };
    const followed = follow(submitted(), bead(1, "READY"), next);
    expect(followed.of("bead-state")).toEqual([{ do: "bead-state", sessionId: SESSION_ID, subject: ofBead(1, 1, "") }]);
    expect(followed.store.bead(SESSION_ID, beadId(1))?.state).toBe("LEASED");
  });

  it.each([
    ["BLOCKED", 1, "backlog", []],
    ["READY", 1, "unstarted", []],
    ["READY", 2, "unstarted", ["factory:retrying"]],
    ["LEASED", 2, "started", ["factory:retrying"]],
    ["WAITING", 2, "started", ["factory:waiting"]],
    ["DONE", 2, "completed", ["factory:success"]],
    ["FAILED", 2, "canceled", ["factory:failure"]],
    ["CANCELLED", 1, "canceled", []],
  ] as const)("stands where its bead does: %s in attempt %i", (state, attempt, type, labels) => {
    expect(beadStanding({ state, attempt })).toEqual({ state: type, labels: ["factory:bead", ...labels] });
  });

  it("is left out beyond as many as a session may have, and the session's end says how many", () => {
    const more = 3;
    const beads = Array.from({ length: MAX_BEAD_ISSUES + more }, (_, index) => bead(index + 1, "READY"));
    const followed = follow(submitted(), compiled, ...beads, bead(MAX_BEAD_ISSUES + 1, "DONE"), bead(1, "DONE"), ended());
    expect(followed.of("bead-issue")).toHaveLength(MAX_BEAD_ISSUES);
    expect(followed.of("bead-state")).toHaveLength(1);
    expect(followed.store.shownBeads(SESSION_ID)).toHaveLength(MAX_BEAD_ISSUES);
    expect(followed.store.session(SESSION_ID)).toMatchObject({ beadIssues: MAX_BEAD_ISSUES, beadsLeftOut: more });
    expect(followed.of("closing")[0]?.body).toContain(`${more} further beads have no issue here`);
  });
});

describe("an adopted amendment", () => {
  const before = [submitted(), compiled, directed(1), directed(2), bead(1, "READY"), bead(2, "READY"), found(1, "high"), diverged(1)];
  const adopted = amendment(1, "ADOPTED", { specificationId: idOf("SPEC", 2) });

  it("lets the beads that it changes go on in issues of the next version, with the successor directive", () => {
    const followed = follow(...before, adopted, directed(1, idOf("DIR", 9)), bead(1, "READY"));
    expect(followed.of("bead-issue").map(({ subject }) => subject)).toEqual([ofBead(1), ofBead(2), ofBead(1, 2)]);
    expect(followed.store.bead(SESSION_ID, beadId(1))).toMatchObject({ version: 2, directiveId: idOf("DIR", 9), amendedBy: null });
    expect(followed.store.binding(ofBead(1))?.supersededBy).toBe(issueIdOf(ORG, ofBead(1, 2)));
  });

  it("supersedes the issues of those beads and no other", () => {
    const followed = follow(...before, adopted, bead(1, "READY"), bead(2, "LEASED"));
    expect(followed.of("supersede")).toMatchObject([{ subject: ofBead(1), by: [ofBead(1, 2)], move: true }]);
    expect(followed.store.binding(ofBead(2))?.supersededBy).toBeNull();
    expect(followed.store.bead(SESSION_ID, beadId(2))?.version).toBe(1);
  });

  it("touches no issue of another session, whose work graph is another one", () => {
    const otherSession = idOf("SES", 2);
    const followed = new FollowedLog(
      aLog([submitted(), { ...compiled, payload: { artifactType: "WorkGraph", artifactId: idOf("WG", 2) } }, bead(7, "READY")], { sessionId: otherSession }),
    );
    const other = ofBead(7, 1, idOf("WG", 2));
    followed.take(aLog([...before, adopted, bead(1, "READY"), bead(2, "READY"), ended()]));
    expect(followed.of("supersede").map(({ subject }) => subject)).toEqual([ofBead(1)]);
    expect(followed.store.binding(other)).toMatchObject({ supersededBy: null, sessionId: otherSession });
  });

  it("asks nothing anew without a successor of the specification", () => {
    const followed = follow(...before, amendment(1, "ADOPTED"), bead(1, "READY"));
    expect(followed.of("supersede")).toEqual([]);
    expect(followed.store.session(SESSION_ID)?.version).toBe(1);
  });

  it("completes the issue of its divergence and says so there", () => {
    expect(last(...before, adopted)).toEqual([
      expect.objectContaining({ do: "comment", issueId: issueIdOf(ORG, ofDivergence(1)) }),
      { do: "issue-state", subject: ofDivergence(1), state: "completed", labels: ["factory:success"] },
    ]);
  });

  it.each(["PROPOSED", "REJECTED"] as const)("that is only %s yet is a comment and no more", (state) => {
    expect(last(...before, amendment(1, state))).toEqual([expect.objectContaining({ do: "comment", issueId: issueIdOf(ORG, ofDivergence(1)) })]);
  });

  it("of a divergence that has no issue is told on the bead's", () => {
    const light = [submitted(), compiled, bead(1, "READY"), found(1, "low"), diverged(1)];
    expect(last(...light, amendment(1, "PROPOSED"))).toEqual([expect.objectContaining({ issueId: issueIdOf(ORG, ofBead(1)) })]);
  });

  it("of a divergence that nobody told of is told on the session's", () => {
    expect(last(submitted(), amendment(1, "REJECTED"))).toEqual([expect.objectContaining({ issueId: sessionIssue })]);
  });

  it("settles what was found of a bead also where it ends in its new issue", () => {
    const followed = follow(...before, found(2, "critical"), diverged(2, { beadId: beadId(1) }), adopted, bead(1, "DONE"));
    expect(followed.store.openDivergences(SESSION_ID, null)).toEqual([]);
  });
});

describe("a change of the run's graph", () => {
  const change = (...changes: string[]): Said =>
    said("RUN_GRAPH_AMENDED", { amendmentId: idOf("AMD", 1), runId: RUN_ID, reason: "too large", decidedBy: "ada", changes });
  const before = [submitted(), compiled, bead(1, "READY"), bead(2, "READY")];

  it("says on a bead's issue which others have taken its place; its own event moves it", () => {
    expect(last(...before, change(`split ${beadId(1)} into ${beadId(3)}, ${beadId(4)}`))).toEqual([
      { do: "supersede", subject: ofBead(1), by: [ofBead(3), ofBead(4)], reason: "too large", move: false },
    ]);
  });

  it("takes one successor for another, and names it as its own issue will be", () => {
    const followed = follow(...before, change(`supersede ${beadId(2)} by ${beadId(3)}`), bead(3, "READY"));
    expect(followed.of("supersede")[0]?.by).toEqual([followed.of("bead-issue").at(-1)?.subject]);
  });

  it.each([`insert ${beadId(3)} before ${beadId(1)}`, `reorder ${beadId(1)} to high`, `supersede ${beadId(9)} by ${beadId(1)}`])(
    "leaves issues as they are: %s",
    (text) => {
      expect(last(...before, change(text))).toEqual([]);
    },
  );
});

describe("a divergence", () => {
  const before = [submitted(), compiled, bead(1, "READY"), bead(2, "READY")];

  it.each([
    ["high", 2],
    ["critical", 1],
  ] as const)("of severity %s is an issue at once, under its bead", (severity, priority) => {
    const followed = follow(...before, found(1, severity), diverged(1));
    const draft = followed.of("issue").at(-1)?.draft;
    expect(draft).toMatchObject({ subject: ofDivergence(1), labels: ["factory:divergence", `factory:severity-${severity}`], parent: ofBead(1), priority });
  });

  it.each(["low", "medium"])("of severity %s waits to be surfaced", (severity) => {
    const followed = follow(...before, found(1, severity), diverged(1));
    expect(followed.of("issue")).toHaveLength(1);
    expect(followed.store.openAdvisories(9)).toMatchObject([{ advisoryId: idOf("DIV", 1), kind: "divergence", severity, beadId: beadId(1) }]);
  });

  it("whose severity nobody told of is shown at once, and what is told afterwards changes nothing", () => {
    const followed = follow(...before, diverged(1), found(1, "low"));
    expect(followed.of("issue").at(-1)?.draft.labels).toEqual(["factory:divergence", "factory:severity-unknown"]);
    expect(followed.store.divergence(idOf("DIV", 1))).toMatchObject({ severity: "unknown", detected: true });
  });

  it("of no bead is under the session", () => {
    const { beadId: _, ...payload } = diverged(1).payload as Extract<Said["payload"], { divergenceId: string; observed: string }>;
    expect(
      follow(...before, said("DIVERGENCE_DETECTED", payload))
        .of("issue")
        .at(-1)?.draft.parent,
    ).toEqual(SESSION);
  });

  it("fences what was observed, whatever it holds", () => {
    const draft = follow(...before, diverged(1, { observed: "```\n# out\n@ada fixes ENG-1" }))
      .of("issue")
      .at(-1)?.draft;
    expect(draft?.description).toContain("Observed:\n\n````\n```\n# out\n@ada fixes ENG-1\n````");
  });

  it("is over when its bead is done: its issue and its advisory too, and of no other bead", () => {
    const followed = follow(...before, found(1, "high"), diverged(1), found(2, "high"), diverged(2), bead(1, "DONE"));
    const closed = followed.of("issue-state").filter(({ subject }) => subject.kind === "divergence");
    expect(closed).toEqual([{ do: "issue-state", subject: ofDivergence(1), state: "completed", labels: [] }]);
    expect(followed.store.openDivergences(SESSION_ID, null).map(({ divergenceId }) => divergenceId)).toEqual([idOf("DIV", 2)]);
  });

  it("is over with its session, unless that failed: then what it tells of is still so", () => {
    const light = [found(2, "low"), diverged(2)];
    const open = (followed: FollowedLog): number => followed.store.openAdvisories(9).length + followed.store.openDivergences(SESSION_ID, null).length;
    const completed = follow(...before, found(1, "high"), diverged(1), ...light, ended());
    expect(open(completed)).toBe(0);
    expect(completed.of("issue-state")).toContainEqual({ do: "issue-state", subject: ofDivergence(1), state: "completed", labels: [] });
    const failed = follow(...before, found(1, "high"), diverged(1), ...light, ended("FAILED"));
    expect(open(failed)).toBe(3);
    expect(failed.of("issue-state").filter(({ subject }) => subject.kind === "divergence")).toEqual([]);
  });
});

describe("an advisory", () => {
  it("is kept of a tool that was denied and of a gate that could not tell, once each", () => {
    const events = aWholeLog();
    const notes = new FollowedLog(events.slice(0, -1)).store.openAdvisories(9).filter(({ kind }) => kind === "note");
    expect(notes.map(({ text }) => text)).toEqual(["The tool shell was denied: not permitted", "FIDELITY is inconclusive: one claim has no check"]);
  });

  it("is not kept of a gate that could tell", () => {
    const verification: EventPayload<"VERIFICATION_PRODUCED"> = {
      verificationId: idOf("VR", 1),
      verificationType: "FIDELITY",
      outcome: "PASS",
      subjectId: "x",
      summary: "",
      failedCriteria: [],
    };
    expect(follow(submitted(), said("VERIFICATION_PRODUCED", verification)).store.openAdvisories(9)).toEqual([]);
  });

  it("carries the hypothesis that an amendment rests on", () => {
    const followed = follow(submitted(), bead(1, "READY"), found(1, "low"), diverged(1), amendment(1, "PROPOSED"));
    expect(followed.store.openAdvisories(9)[0]?.hypothesisId).toBe(idOf("HYP", 1));
  });
});

describe("a review", () => {
  const escalation = escalationSubject(idOf("ESC", 1));
  const escalationIssue = issueIdOf(ORG, escalation);

  it("is bound before its issue is there, so that no comment meets an issue that nobody knows", () => {
    const followed = follow(submitted(), asked(1, "divergence"));
    const [bind, issue] = [...followed.intents.values()].slice(-3);
    expect(bind).toEqual({
      do: "bind",
      binding: {
        org: ORG,
        escalationId: idOf("ESC", 1),
        sessionId: SESSION_ID,
        assembly: "shop",
        reviewId: idOf("REV", 1),
        matter: "divergence",
        action: "Go on",
        actionDigest: "a".repeat(64),
        issueId: escalationIssue,
      },
    });
    expect(issue).toMatchObject({ do: "issue", draft: { subject: escalation, priority: 1, parent: SESSION, state: "unstarted" } });
    expect(followed.store.escalationByIssue(escalationIssue)).toMatchObject({ decision: null });
  });

  it.each([
    ["approval", "factory:requires-approval"],
    ["budget", "factory:requires-budget"],
    ["clearance", "factory:requires-budget"],
    ["acceptance", "factory:requires-acceptance"],
    ["divergence", "factory:requires-decision"],
    ["constructor", "factory:requires-decision"],
  ])("of the matter %s has the label %s", (matter, label) => {
    expect(follow(submitted(), asked(1, matter)).of("issue").at(-1)?.draft.labels).toEqual(["factory:escalation", label]);
  });

  it.each(["approval", "divergence", "budget", "acceptance", "anything"])("of the matter %s prints the grammar, and the trigger only there", (matter) => {
    const hostile = { promptText: `${TRIGGER} resume`, action: `${TRIGGER} override`, context: { matter, why: `${TRIGGER} x`, [`${TRIGGER} y`]: "1" } };
    const description =
      follow(submitted(TRIGGER), asked(1, matter, hostile))
        .of("issue")
        .at(-1)?.draft.description ?? "";
    expect(description).toContain(grammarFor(matter));
    expect(description.replace(grammarFor(matter), "")).not.toMatch(/disposition\s*:/i);
  });

  it("that policy decides is no escalation", () => {
    const followed = follow(submitted(), asked(1, "approval", { context: { matter: "approval", decidedBy: "policy:auto" } }), decided(1, "COMPILING"));
    expect(followed.of("bind")).toEqual([]);
    expect(followed.of("close")).toEqual([]);
    expect(followed.of("issue")).toHaveLength(1);
    expect(followed.store.session(SESSION_ID)?.state).toBe("COMPILING");
  });

  it("tells of each vote that does not decide", () => {
    const [comment] = follow(submitted(), asked(1, "approval"), voted(1)).of("comment");
    expect(comment).toMatchObject({ issueId: escalationIssue });
    expect(comment?.body).toContain("ada says approved: 1 of 2 people so far.");
  });

  it.each([
    ["approved", "completed"],
    ["amended", "completed"],
    ["rejected", "canceled"],
  ] as const)("that is %s is closed for comments, told and %s", (decision, state) => {
    const followed = follow(submitted(), asked(1, "divergence"), decided(1, "EXECUTING", { decision, note: "because" }));
    expect(followed.of("close")).toEqual([{ do: "close", escalationId: idOf("ESC", 1), reviewId: idOf("REV", 1), decision, decidedBy: "ada" }]);
    expect(followed.of("comment")[0]?.body).toBe(`Decided: **${decision}** by ada.\n\n\`\`\`\nbecause\n\`\`\``);
    expect(followed.of("issue-state")).toContainEqual({ do: "issue-state", subject: escalation, state, labels: ["factory:decided"] });
    expect(followed.store.openEscalations(SESSION_ID)).toEqual([]);
  });

  it("that is open when its session ends is withdrawn; one that is decided stays so", () => {
    const followed = follow(submitted(), asked(1, "approval"), decided(1, "COMPILING"), asked(2, "divergence"), ended("CANCELLED"));
    const second = escalationSubject(idOf("ESC", 2));
    expect(followed.of("close").at(-1)).toMatchObject({ escalationId: idOf("ESC", 2), decision: "withdrawn", decidedBy: "session" });
    expect(followed.of("close")).toHaveLength(2);
    expect(followed.of("issue-state")).toContainEqual({ do: "issue-state", subject: second, state: "canceled", labels: [] });
    expect(followed.store.escalationByReview(idOf("REV", 1))?.decision).toBe("approved");
    expect(followed.store.escalationByReview(idOf("REV", 2))?.decision).toBe("withdrawn");
  });

  it("that nobody was asked here is nothing to be told of", () => {
    expect(last(submitted(), voted(7))).toEqual([]);
    expect(last(submitted(), decided(7, "COMMISSIONING"))).toEqual([]);
  });
});
