import { beforeAll, describe, expect, it } from "vitest";
import { aKey, aLog, aPredicate, aStatement, SAID, type Said } from "../testing/evidence.ts";
import { absent, sealStatement, verifyEvidence, type EvidencePredicate } from "./index.ts";

type Key = Awaited<ReturnType<typeof aKey>>;
type Receipt = NonNullable<EvidencePredicate["receipts"]>[number];
type Clearance = NonNullable<EvidencePredicate["clearances"]>[number];

let key: Key;
beforeAll(async () => {
  key = await aKey();
});

const POLICY = { decisionId: "d".repeat(64), policies: ["approvers-decide"], policySet: "s".repeat(64) };
const REVIEW = { reviewId: "REV-1", actionDigest: "a", fromState: "ACCEPTING", toState: "ACCEPTING" };
const DIGEST = "0".repeat(64);

const vote = {
  reviewId: "REV-1",
  approvalId: "APR-1",
  approver: "key:ann",
  actionDigest: "a",
  decision: "approved",
  approvals: 1,
  needed: 2,
  expiresAtUnixSec: 1,
} as const;
const LOG: readonly Said[] = [
  ...SAID,
  { kind: "REVIEW_REQUIRED", payload: { ...REVIEW, reviewType: "HUMAN_REVIEW", action: "Deliver", promptText: "?" } },
  { kind: "REVIEW_VOTE_RECORDED", payload: vote },
  { kind: "REVIEW_RESOLVED", payload: { ...REVIEW, decision: "approved", note: "fine", decidedBy: "key:ann and key:bob" } },
  { kind: "APPROVAL_GRANTED", payload: { ...REVIEW, approvalId: "APR-2", approver: "key:bob" } },
  { kind: "ARTIFACT_WRITTEN", payload: { artifactId: "APR-1", artifactType: "ApprovalReceipt" } },
  { kind: "ARTIFACT_WRITTEN", payload: { artifactId: "APR-2", artifactType: "ApprovalReceipt" } },
  { kind: "ARTIFACT_WRITTEN", payload: { artifactId: "CLE-1", artifactType: "ClearanceRecord" } },
];

function aReceipt(change: Partial<Receipt> = {}): Receipt {
  return {
    approvalId: "APR-1",
    reviewId: "REV-1",
    approver: "key:ann",
    person: "ann",
    approvers: absent("nobody overrode"),
    actionDigest: "a",
    decision: "approved",
    note: "",
    givenAt: "2026-01-02T00:00:00.000Z",
    expiresAt: "2026-01-03T00:00:00.000Z",
    policy: POLICY,
    dispositionEventId: absent("it came with no disposition"),
    elucidationArtifactId: absent("it came with no disposition"),
    usedBy: "APR-2",
    ...change,
  };
}

const second = (change: Partial<Receipt> = {}): Receipt =>
  aReceipt({ approvalId: "APR-2", approver: "key:bob", person: "bob", note: "fine", givenAt: "2026-01-02T12:00:00.000Z", ...change });

const CONTENT = {
  sessionId: "SES-1",
  assembly: "pricing",
  specificationRead: "SPEC-1",
  deploymentNotesRead: DIGEST,
  deploymentSummary: "typescript",
  askedFor: 3,
  approvedSubTasks: ["BEAD-1"],
  ceiling: 5,
  approvedTeams: ["build"],
  orchestrationSurface: "factory-coordinator",
  toolContractRequired: false,
  approvalId: "APR-2",
};

const aClearance = (content: Clearance["content"] = CONTENT): Clearance => ({ clearanceId: "CLE-1", writtenAt: "2026-01-02T00:00:00.000Z", content });

/** A predicate of a session whose work two people approved; `change` is laid over it. */
function governed(change: Partial<EvidencePredicate> = {}): EvidencePredicate {
  const log = aLog(LOG);
  const { lineage } = aPredicate({}, log);
  const written = [
    { id: "APR-1", type: "ApprovalReceipt" },
    { id: "APR-2", type: "ApprovalReceipt" },
    { id: "CLE-1", type: "ClearanceRecord" },
  ];
  const review = { reviewId: "REV-1", type: "HUMAN_REVIEW", matter: "acceptance", approvalsNeeded: 2, action: "Deliver", actionDigest: "a" };
  return aPredicate(
    {
      lineage: { ...lineage, nodes: [...lineage.nodes, ...written] },
      reviews: [{ ...review, resolution: { decision: "approved", decidedBy: "key:ann and key:bob", note: "fine" } }],
      approvals: [{ approvalId: "APR-2", reviewId: "REV-1", approver: "key:bob", actionDigest: "a" }],
      governance: { submission: POLICY, approvals: { acceptance: 2 } },
      receipts: [aReceipt(), second()],
      clearances: [aClearance()],
      ...change,
    },
    log,
  );
}

async function faultOf(change: Partial<EvidencePredicate>) {
  const bytes = await sealStatement(aStatement(governed(change)), key.signer);
  return (await verifyEvidence({ package: bytes, keys: [key.publicKey] })).fault;
}

describe("who decided", () => {
  it("holds where as many people as had to approve have approved, each with a receipt", async () => {
    expect(await faultOf({})).toBeNull();
  });

  it("holds in packages of before policy decided, which say nothing of it", async () => {
    const log = aLog(LOG);
    const { governance: _governance, receipts: _receipts, clearances: _clearances, ...older } = governed();
    const reviews = older.reviews.map(({ matter: _matter, approvalsNeeded: _needed, ...review }) => review);
    const bytes = await sealStatement(aStatement(aPredicate({ ...older, reviews }, log)), key.signer);
    expect((await verifyEvidence({ package: bytes, keys: [key.publicKey] })).fault).toBeNull();
  });

  const review = (change: object) => [{ ...governedReview(), ...change }];
  it.each<[what: string, path: string, change: () => Partial<EvidencePredicate>]>([
    ["the same person twice", "predicate.reviews[0].resolution", () => ({ receipts: [aReceipt(), second({ person: "ann" })] })],
    [
      "a vote that had expired when it was used",
      "predicate.receipts[0].expiresAt",
      () => ({ receipts: [aReceipt({ expiresAt: "2026-01-02T11:00:00.000Z" }), second()] }),
    ],
    ["a vote on another action", "predicate.receipts[0].actionDigest", () => ({ receipts: [aReceipt({ actionDigest: "b" }), second()] })],
    ["a vote for something else", "predicate.receipts[0].decision", () => ({ receipts: [aReceipt({ decision: "amended" }), second()] })],
    ["a receipt of no review", "predicate.receipts[0].reviewId", () => ({ receipts: [aReceipt({ reviewId: "REV-9" }), second()] })],
    ["a receipt that another answer used", "predicate.receipts[1].usedBy", () => ({ receipts: [aReceipt({ usedBy: "APR-1" }), second({ usedBy: "APR-9" })] })],
    ["a receipt that is not listed", "predicate.receipts", () => ({ receipts: [second()] })],
    ["a receipt that was never written", "predicate.receipts", () => ({ receipts: [aReceipt(), second(), second({ approvalId: "APR-3" })] })],
    ["a vote that the log has and nobody gave", "predicate.receipts", () => ({ receipts: [aReceipt({ usedBy: "APR-1" }), second()] })],
    [
      "an answer that nobody gave",
      "predicate.receipts",
      () => ({ receipts: [aReceipt({ usedBy: absent("no") }), aReceipt({ approvalId: "APR-2", approver: "key:bob", usedBy: absent("no") })] }),
    ],
    ["another note than the one decided on", "predicate.reviews[0].resolution.note", () => ({ receipts: [aReceipt(), second({ note: "other" })] })],
    ["an approval of somebody else", "predicate.approvals[0].approvalId", () => ({ receipts: [aReceipt(), second({ approver: "key:eve" })] })],
    ["a lower bar than was pinned", "predicate.reviews[0].approvalsNeeded", () => ({ reviews: review({ approvalsNeeded: 1 }) })],
    ["a bar that was not pinned", "predicate.reviews[0].approvalsNeeded", () => ({ governance: absent("before policies decided") })],
    [
      "an override by one person",
      "predicate.reviews[0].resolution",
      () => ({
        receipts: [
          aReceipt(),
          second({
            approvers: [
              { id: "key:bob", person: "bob" },
              { id: "linear:bob", person: "bob" },
            ],
          }),
        ],
      }),
    ],
  ])("does not hold with %s", async (_, path, change) => {
    const fault = await faultOf(change());
    expect([fault?.check, fault?.path]).toEqual(["consistency", path]);
  });

  it("holds for an override by two people, whatever number had to approve", async () => {
    const approvers = [
      { id: "key:bob", person: "bob" },
      { id: "linear:cleo", person: "cleo" },
    ];
    expect(
      await faultOf({
        governance: { submission: POLICY, approvals: { acceptance: 5 } },
        reviews: review({ approvalsNeeded: 5 }),
        receipts: [aReceipt({ usedBy: absent("it expired") }), second({ approvers })],
      }),
    ).toBeNull();
  });
});

function governedReview() {
  const [first] = governed().reviews;
  if (first === undefined) throw new Error("There is no review.");
  return first;
}

describe("a clearance", () => {
  const { deploymentNotesRead: _read, ...withoutNotes } = CONTENT;
  it.each<[string, string, Clearance["content"]]>([
    ["without a field", "predicate.clearances[0].content.deploymentNotesRead", withoutNotes],
    ["with more room than there is", "predicate.clearances[0].content.ceiling", { ...CONTENT, ceiling: 6 }],
    ["on an approval that nobody gave", "predicate.clearances[0].content.approvalId", { ...CONTENT, approvalId: "APR-9" }],
  ])("%s does not hold", async (_, path, content) => {
    expect(await faultOf({ clearances: [aClearance(content)] })).toMatchObject({ check: "consistency", path });
  });

  it("that the lineage has and the package does not list does not hold", async () => {
    expect(await faultOf({ clearances: [] })).toMatchObject({ path: "predicate.clearances" });
  });

  it("whose record is too large for its event is absent, and nothing is said of it", async () => {
    expect(await faultOf({ clearances: [aClearance(absent("the record is too large for its event"))] })).toBeNull();
  });
});
