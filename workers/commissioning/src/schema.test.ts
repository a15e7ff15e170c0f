import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { expect, test } from "vitest";
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
  const store = new SessionStore(storage);
  expect(store.closedReviews("divergence")).toMatchObject([{ reviewId: "REV-1", subject: { matter: "divergence" } }]);
  expect(store.runReport(1)).toMatchObject({ reviewId: "REV-1", occasion: "REV-1", reformed: 0 });
  expect(store.amendments()).toMatchObject([{ amendmentId: "AMD-1", toldLines: [15] }]);
  expect(store.countVerifierTry("AMD-1")).toBe(1);
  const autonomy = { matter: "autonomy", reportSeq: 1, requestId: "APR-2", subjectDigest: "d" } as const;
  store.addReview({ reviewId: "REV-2", subject: autonomy, action: "", actionDigest: "", fromState: "EXECUTING", inState: "IN_REVIEW" }, 2);
  expect(store.openReview()).toMatchObject({ reviewId: "REV-2" });
});
