import { describe, expect, it } from "vitest";
import { reviewText } from "./review-text.ts";
import { EMPTY_VIEW, foldEvent, type SessionView } from "./session-view.ts";
import { anEvent } from "./testing/fake-gateway.ts";

const asking = (change: object): SessionView =>
  foldEvent(
    EMPTY_VIEW,
    anEvent(1, "REVIEW_REQUIRED", {
      case: "reviewPrompt",
      value: { reviewId: "REV-1", reviewType: "APPROVAL_REQUIRED", action: "Apply 2 files", promptText: "The checks passed.", toState: "IN_REVIEW", ...change },
    }),
  );

describe("the text of an open review", () => {
  it("says what each answer does to an agent that may not act alone", () => {
    const start = reviewText(asking({ alternatives: ["approved", "amended", "rejected"], context: { matter: "autonomy", stage: "start" } }));
    expect(start).toContain("A person is needed (APPROVAL_REQUIRED): Apply 2 files\nThe checks passed.");
    expect(start).toContain('factory approve SES-1 REV-1 [--note "..."]   # let it begin');
    const apply = reviewText(asking({ alternatives: ["approved", "amended", "rejected"], context: { matter: "autonomy", stage: "apply" } }));
    expect(apply).toContain("# apply exactly this change set");
    expect(apply).toContain("# have it done again");
  });

  it.each([
    ["pass", "# ask the model again", "# ask again, with the note"],
    ["uncertainty", "# let the model decide", "# answer the question"],
    ["semantic-review", "# go on with it as it is", "# have it written anew"],
  ])("says what each answer does to planning: %s", (matter, approve, amend) => {
    const text = reviewText(asking({ alternatives: ["approved", "amended", "rejected"], context: { matter } }));
    expect(text).toContain(approve);
    expect(text).toContain(amend);
    expect(text).toContain("# end the session");
  });

  it("offers only the answers that the review takes", () => {
    const text = reviewText(asking({ alternatives: ["approved", "rejected"], context: { matter: "acceptance" } }));
    expect(text).toContain("factory approve");
    expect(text).toContain("factory reject");
    expect(text).not.toContain("factory amend");
    expect(text).toContain("# end the session without a deliverable");
  });

  it("offers every answer of a review that does not say which it takes", () => {
    expect(reviewText(asking({})).match(/npx factory \w+/g)).toEqual(["npx factory approve", "npx factory reject", "npx factory amend"]);
  });

  it("says what clears a run that hands out no further work", () => {
    const text = reviewText(asking({ alternatives: ["approved", "amended", "rejected"], context: { matter: "clearance" } }));
    expect(text).toContain("# clear the run as it is now");
    expect(text).toContain('# clear as many items as the note says: "12"');
  });

  it("says how many people have approved where several have to, as long as their votes count", () => {
    const needed = asking({ alternatives: ["approved", "rejected"], context: { matter: "acceptance", approvalsNeeded: 2 } });
    const value = { reviewId: "REV-1", approver: "ann", decision: "approved", approvals: 1, needed: 2, expiresAtUnixSec: 1_800_000_000n };
    const voted = foldEvent(needed, anEvent(2, "REVIEW_VOTE_RECORDED", { case: "reviewVote", value }));
    expect(reviewText(needed, 0)).toContain("0 of 2 approvals. Everybody");
    expect(reviewText(voted, 1_800_000_000_000 - 1)).toContain("1 of 2 approvals, until 2027-01-15T08:00:00.000Z.");
    expect(reviewText(voted, 1_800_000_000_000)).toContain("0 of 2 approvals.");
    expect(reviewText(asking({ context: { matter: "acceptance", approvalsNeeded: 1 } }))).not.toContain("approvals");
  });

  it("is empty when nothing is open", () => expect(reviewText(EMPTY_VIEW)).toBe(""));
});
