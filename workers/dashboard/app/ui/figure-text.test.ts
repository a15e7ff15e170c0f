import { describe, expect, it } from "vitest";
import { bytesText, countText, durationText, moneyText, relativeText } from "./figure-text.ts";

describe("a figure as text", () => {
  it("tells a length of time by its largest units", () => {
    expect([340, 12_340, 250_000, 10_920_000].map(durationText)).toEqual(["340 ms", "12.3 s", "4 m 10 s", "3 h 2 m"]);
  });

  it("shows a small sum of money and does not round it to nothing", () => {
    expect([0, 0.00012, 0.034, 12.5].map(moneyText)).toEqual(["$0.00", "$0.00012", "$0.034", "$12.50"]);
  });

  it("tells sizes in binary units", () => {
    expect([0, 812, 1_536, 5 * 1024 ** 2].map(bytesText)).toEqual(["0 B", "812 B", "1.5 KiB", "5.0 MiB"]);
  });

  it("counts with the right noun", () => {
    expect([countText(1, "session"), countText(2, "session"), countText(0, "reply", "replies")]).toEqual(["1 session", "2 sessions", "0 replies"]);
  });

  it("tells an age by its largest unit, and what just happened as now", () => {
    expect([1_000, 30_000, 180_000, 7_200_000].map((age) => relativeText(0, age))).toEqual(["now", "30 sec. ago", "3 min. ago", "2 hr. ago"]);
  });
});
