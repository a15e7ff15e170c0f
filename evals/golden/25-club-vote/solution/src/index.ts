export { hasQuorum } from "./has-quorum.ts";
export { isAccepted } from "./is-accepted.ts";
export { minutesLine } from "./minutes-line.ts";
export { turnout } from "./turnout.ts";
export { votesCast } from "./votes-cast.ts";
export { winner } from "./winner.ts";
