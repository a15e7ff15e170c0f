import { expect, test } from "vitest";
import { isLeftOpen } from "./open-question.ts";

test.each(["At most TBD items", "The limit is ???", "The rounding is to be decided.", "Format: to be determined by finance", "limit tbd"])(
  "%s leaves something open",
  (statement) => {
    expect(isLeftOpen(statement)).toBe(true);
  },
);

test.each([
  "At most 20 items",
  "Is it a leap year??",
  "`mask` returns `???` for an unknown card",
  'The status "to be decided" is shown in grey',
  "It has to be decidedly short",
  "TBDs are counted",
])("%s leaves nothing open", (statement) => {
  expect(isLeftOpen(statement)).toBe(false);
});
