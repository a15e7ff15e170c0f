import { describe, expect, it } from "vitest";
import { instantText } from "../ui/figure-text.ts";
import { isOneOfSeveral, votesText } from "./votes.ts";

const NOW = Date.parse("2026-11-22T12:00:00.000Z");
const LATER = "2026-11-23T11:00:00.000Z";
const LAST = "2026-11-23T11:30:00.000Z";
const OVER = "2026-11-22T12:00:00.000Z";

const aReview = (approvalsNeeded: number | null, ...expiries: string[]) => ({
  decision: null,
  approvalsNeeded,
  votes: expiries.map((expiresAt) => ({ expiresAt })),
});

describe("the votes on a review", () => {
  it("are counted against how many are needed, until the first of them expires", () => {
    expect(votesText(aReview(3, LAST, LATER), NOW)).toBe(`2 of 3 approvals, until ${instantText(LATER)}`);
    expect(votesText(aReview(2), NOW)).toBe("0 of 2 approvals");
  });

  it("count no longer when they have expired", () => expect(votesText(aReview(2, OVER), NOW)).toBe("0 of 2 approvals"));

  it("are nothing to tell where one person decides, where nobody has to, and of what is decided", () => {
    expect(votesText(aReview(1), NOW)).toBeNull();
    expect(votesText(aReview(null), NOW)).toBeNull();
    expect(votesText({ ...aReview(2, LATER), decision: "approved" }, NOW)).toBeNull();
  });

  it("leave an approval that is not enough waiting for others; a rejection decides", () => {
    expect(isOneOfSeveral(aReview(2), "approved", NOW)).toBe(true);
    expect(isOneOfSeveral(aReview(2, OVER), "amended", NOW)).toBe(true);
    expect(isOneOfSeveral(aReview(2, LATER), "approved", NOW)).toBe(false);
    expect(isOneOfSeveral(aReview(2), "rejected", NOW)).toBe(false);
    expect(isOneOfSeveral(aReview(null), "approved", NOW)).toBe(false);
  });
});
