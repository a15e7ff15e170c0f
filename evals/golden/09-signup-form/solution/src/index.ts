export { checkedSeats } from "./checked-seats.ts";
export { hint } from "./hint.ts";
export { isPostcode } from "./is-postcode.ts";
export { isUserName } from "./is-user-name.ts";
export { mayJoin } from "./may-join.ts";
export { missing } from "./missing.ts";
