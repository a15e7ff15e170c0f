export { goalDifference } from "./goal-difference.ts";
export { matchPoints } from "./match-points.ts";
export { podium } from "./podium.ts";
export { rankOf } from "./rank-of.ts";
export { seasonPoints } from "./season-points.ts";
export { teamsOver } from "./teams-over.ts";
