export { itemLine } from "./item-line.ts";
export { thanksLine } from "./thanks-line.ts";
