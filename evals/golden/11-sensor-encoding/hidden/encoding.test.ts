import { expect, test } from "vitest";
import { bitsOf, byteFromHex, evenParity, frameOf, onesIn, payloadOf } from "../src/index.ts";

test("every byte goes both ways", () => {
  for (let byte = 0; byte < 256; byte += 1) {
    expect(byteFromHex(byte.toString(16).padStart(2, "0"))).toBe(byte);
    const bits = bitsOf(byte);
    expect([bits.length, Number.parseInt(bits, 2)]).toEqual([8, byte]);
    const ones = bits.replaceAll("0", "").length;
    expect([onesIn(bits), evenParity(bits)]).toEqual([ones, ones % 2 === 0]);
  }
});

test("a frame and its payload", () => {
  const parts = Object.freeze(["0a", "ff", "00"]) as unknown as string[];
  expect(frameOf(parts)).toBe(":0a,ff,00");
  expect(payloadOf(frameOf(parts))).toBe("0a,ff,00");
  expect(frameOf([""])).toBe(":");
});
