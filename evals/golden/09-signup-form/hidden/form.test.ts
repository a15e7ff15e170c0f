import { describe, expect, test } from "vitest";
import { checkedSeats, hint, isPostcode, isUserName, mayJoin, missing } from "../src/index.ts";

describe("the sign-up form", () => {
  test("names have 3 to 16 characters", () => {
    for (let length = 0; length <= 20; length += 1) expect([length, isUserName("x".repeat(length))]).toEqual([length, length >= 3 && length <= 16]);
  });

  test("a postcode is five digits and nothing else", () => {
    expect(["99999", " 9999", "9999 ", "x99999", "12.45", "1234-"].map(isPostcode)).toEqual([true, false, false, false, false, false]);
  });

  test("who may join", () => {
    for (let age = 0; age < 30; age += 1) {
      expect([age, mayJoin(age, true), mayJoin(age, false)]).toEqual([age, age >= 13, age >= 16]);
    }
  });

  test("seats are checked at both ends", () => {
    for (let seats = 1; seats <= 8; seats += 1) expect(checkedSeats(seats)).toBe(seats);
    for (const seats of [-1, 0, 9, 100]) expect(() => checkedSeats(seats)).toThrow(RangeError);
  });

  test("what is missing keeps its order", () => {
    expect(missing(["z", "y", "x"], ["y"])).toEqual(["z", "x"]);
    expect(hint("A", "b")).toBe("A: b");
  });
});
