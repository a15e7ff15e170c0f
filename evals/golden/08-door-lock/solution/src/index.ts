export { attemptsAfter } from "./attempts-after.ts";
export { fanOn } from "./fan-on.ts";
export { isLocked } from "./is-locked.ts";
export { lampColour } from "./lamp-colour.ts";
export { lockedSeconds } from "./locked-seconds.ts";
