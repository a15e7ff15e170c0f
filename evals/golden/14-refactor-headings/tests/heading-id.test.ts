import { expect, test } from "vitest";
import { headingId } from "../src/heading-id.ts";

test("an id has no capitals and no spaces", () => {
  expect(headingId("A B")).toBe("a-b");
  expect(headingId("")).toBe("");
});
