export { bitsOf } from "./bits-of.ts";
export { byteFromHex } from "./byte-from-hex.ts";
export { evenParity } from "./even-parity.ts";
export { frameOf } from "./frame-of.ts";
export { onesIn } from "./ones-in.ts";
export { payloadOf } from "./payload-of.ts";
