export { numberOf } from "./number-of.ts";
export { romanOf } from "./roman-of.ts";
