export { daysInYear } from "./days-in-year.ts";
export { isBefore } from "./is-before.ts";
export { monthOf } from "./month-of.ts";
export { printedDate } from "./printed-date.ts";
export { quarterOf } from "./quarter-of.ts";
export { yearOf } from "./year-of.ts";
