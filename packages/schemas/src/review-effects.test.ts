import { describe, expect, it } from "vitest";
import { reviewEffect } from "./review-effects.ts";

describe("what an answer to a review does", () => {
  it("depends on the matter, and on the stage where it has several", () => {
    expect(reviewEffect("autonomy", "start", "approved")).toBe("let it begin");
    expect(reviewEffect("autonomy", "apply", "approved")).toBe("apply exactly this change set");
    expect(reviewEffect("approval", "", "amended")).toBe("approve it, with the note as a further constraint");
  });

  it("is nothing for an answer that the matter does not take", () => expect(reviewEffect("acceptance", "", "amended")).toBeUndefined());

  it.each(["", "weather", "constructor", "__proto__"])("is not known of the matter %j", (matter) => {
    expect(reviewEffect(matter, "", "approved")).toBeUndefined();
  });
});
