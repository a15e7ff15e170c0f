import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { expect, test } from "vitest";
import { AmendmentStore } from "./amendment-store.ts";
import { GovernanceStore } from "./governance-store.ts";
import { isExhausted } from "./pass-attempts.ts";
import { PlanningStore } from "./planning-store.ts";
import { SESSION_MIGRATIONS } from "./schema.ts";
import { SessionStore } from "./session-store.ts";

test("a session of the first schema is taken over: its reviews, what a person was asked, and what an amendment reveals", () => {
  const storage = new NodeSqliteStorage();
  migrate(storage, SESSION_MIGRATIONS.slice(0, 1));
  const run = (query: string, ...values: (string | number | null)[]) => storage.sql.exec(query, ...values);
  const subject = JSON.stringify({ matter: "divergence", reportSeq: 1 });
  run(
    "INSERT INTO reviews (review_id, matter, subject, action, action_digest, from_state, in_state, opened_at, closed_at) VALUES (?, ?, ?, '', '', 'EXECUTING', 'IN_REVIEW', 0, 1)",
    "REV-1",
    "divergence",
    subject,
  );
  run("INSERT INTO approvals VALUES ('APR-1', 'REV-1', 'key:ann', '', 0)");
  run("INSERT INTO run_reports (report, review_id) VALUES (?, 'REV-1')", JSON.stringify({ outcome: "diverged" }));
  const proposal = JSON.stringify({ amendment: { change: { mode: "reveal", revealedLines: [15] } } });
  run(
    "INSERT INTO amendments (amendment_id, report_seq, proposal, bead_id, claim_id, mode, depth, status) VALUES ('AMD-1', 1, ?, 'B', 'C-1', 'reveal', 1, 'ADOPTED')",
    proposal,
  );

  migrate(storage, SESSION_MIGRATIONS);
  const [store, amendments] = [new SessionStore(storage), new AmendmentStore(storage.sql)];
  expect(store.closedReviews("divergence")).toMatchObject([{ reviewId: "REV-1", subject: { matter: "divergence" } }]);
  expect(store.runReport(1)).toMatchObject({ reviewId: "REV-1", occasion: "REV-1", reformed: 0 });
  expect(amendments.all()).toMatchObject([{ amendmentId: "AMD-1", toldLines: [15] }]);
  expect(amendments.countVerifierTry("AMD-1")).toBe(1);
  const autonomy = { matter: "autonomy", reportSeq: 1, requestId: "APR-2", subjectDigest: "d" } as const;
  store.addReview({ reviewId: "REV-2", subject: autonomy, action: "", actionDigest: "", fromState: "EXECUTING", inState: "IN_REVIEW", needed: 1 }, 2);
  expect(store.openReview()).toMatchObject({ reviewId: "REV-2" });
});

test("a session from before attempts were counted goes on: its passes and approvals are kept, and its next attempt is the first", () => {
  const storage = new NodeSqliteStorage();
  migrate(storage, SESSION_MIGRATIONS.slice(0, 2));
  const run = (query: string, ...values: (string | number | null)[]) => storage.sql.exec(query, ...values);
  run("INSERT INTO artifacts (id, type, data, parents, seq) VALUES ('IS-1', 'IntentSpecification', '{}', '[]', 1)");
  run("INSERT INTO passes (name, artifact_id) VALUES ('write-intent-specification', 'IS-1')");
  run(
    "INSERT INTO reviews (review_id, matter, subject, action, action_digest, from_state, in_state, opened_at, closed_at) VALUES ('REV-1', 'pass', ?, '', '', 'COMMISSIONING', 'IN_REVIEW', 0, 1)",
    JSON.stringify({ matter: "pass", pass: "map-capability" }),
  );
  run("INSERT INTO approvals VALUES ('APR-1', 'REV-1', 'key:ann', 'd', 0)");

  migrate(storage, SESSION_MIGRATIONS);
  const [store, planning] = [new SessionStore(storage), new PlanningStore(storage.sql)];
  expect(store.approvals()).toMatchObject([
    { approvalId: "APR-1", reviewId: "REV-1", approver: "key:ann", person: null, actionDigest: "d", decision: "approved", reason: "", usedBy: "APR-1" },
  ]);
  expect(planning.semanticReview("IS-1")).toBeNull();
  expect(isExhausted({ store, planning }, "map-capability")).toBe(false);
  expect(planning.beginAttempt("map-capability", 1, 2)).toBe(1);
  // One attempt is under way at most, whatever pass it is of.
  expect(() => planning.beginAttempt("propose-function", 1, 2)).toThrow(/UNIQUE/);
  expect(planning.endAttempt({ pass: "map-capability", attempt: 1 }, "lost", 3)).toBe(true);
  expect(planning.endAttempt({ pass: "map-capability", attempt: 1 }, "answered", 4)).toBe(false);
  expect(planning.beginAttempt("map-capability", 5, 6)).toBe(2);
  expect(planning.attempts("map-capability").map(({ outcome }) => outcome)).toEqual(["lost", null]);
});

test("a specification that is written again word for word is reviewed again", () => {
  const storage = new NodeSqliteStorage();
  migrate(storage, SESSION_MIGRATIONS);
  const [store, planning] = [new SessionStore(storage), new PlanningStore(storage.sql)];
  store.addArtifact({ id: "IS-1", type: "IntentSpecification", data: {}, parents: [] });
  store.addArtifact({ id: "VR-1", type: "VerificationReport", data: {}, parents: ["IS-1"] });
  planning.completePass("write-intent-specification", "IS-1");
  planning.addSemanticReview({ artifactId: "IS-1", reportId: "VR-1", verdict: "needs_revision", passed: false });
  expect(planning.semanticReview("IS-1")).toMatchObject({ verdict: "needs_revision", passed: false });
  planning.reopenPass("write-intent-specification", ["C-1 is weaker."], 0);
  expect(planning.passes().size).toBe(0);
  planning.completePass("write-intent-specification", "IS-1");
  expect(planning.semanticReview("IS-1")).toBeNull();
  expect(planning.passReruns("write-intent-specification")).toEqual([{ pass: "write-intent-specification", artifactId: "IS-1", findings: ["C-1 is weaker."] }]);
  planning.addSemanticReview({ artifactId: "IS-1", reportId: "VR-1", verdict: "rejected", passed: false });
  planning.passSemanticReview("IS-1");
  expect(planning.semanticReview("IS-1")).toMatchObject({ verdict: "rejected", passed: true });
});

test("a session from before several people could have to approve goes on: each approval decided by itself, and a review takes more than one now", () => {
  const storage = new NodeSqliteStorage();
  migrate(storage, SESSION_MIGRATIONS.slice(0, 4));
  const run = (query: string, ...values: (string | number | null)[]) => storage.sql.exec(query, ...values);
  for (const [id, closedAt] of [
    ["REV-1", 7],
    ["REV-2", null],
  ] as const) {
    run(
      "INSERT INTO reviews (review_id, subject, action, action_digest, from_state, in_state, opened_at, closed_at, matter) VALUES (?, ?, 'a', 'd', 'EXECUTING', 'IN_REVIEW', 0, ?, 'divergence')",
      id,
      JSON.stringify({ matter: "divergence", reportSeq: 1 }),
      closedAt,
    );
  }
  run(
    "INSERT INTO approvals (approval_id, review_id, approver, action_digest, used_at, decision, reason) VALUES ('APR-1', 'REV-1', 'key:ann', 'd', 7, 'amended', 'so')",
  );

  migrate(storage, SESSION_MIGRATIONS);
  const [store, governance] = [new SessionStore(storage), new GovernanceStore(storage.sql)];
  const first = { approvalId: "APR-1", reviewId: "REV-1", approver: "key:ann", actionDigest: "d", decision: "amended", reason: "so", givenAt: 7 } as const;
  const unknown = { person: null, approvers: null, expiresAt: null, policy: null, dispositionEventId: null, elucidationId: null };
  expect(store.approvals()).toEqual([{ ...first, ...unknown, usedBy: "APR-1" }]);
  expect(store.openReview()).toMatchObject({ reviewId: "REV-2", needed: 1, openedAt: 0, closedAt: null });
  for (const approvalId of ["APR-2", "APR-3"]) store.addApproval({ ...first, ...unknown, approvalId, reviewId: "REV-2", usedBy: null });
  store.useApprovals(["APR-1", "APR-2"], "APR-3");
  expect(store.approvals().map(({ usedBy }) => usedBy)).toEqual(["APR-1", "APR-3", null]);
  expect(() => store.addApproval({ ...first, ...unknown, approvalId: "APR-4", reviewId: "REV-9", usedBy: null })).toThrow(/FOREIGN KEY/);
  expect([governance.suspensions(), governance.due(), governance.holdsClearance(), governance.escalationOf("REV-2")]).toEqual([[], null, false, null]);
});
