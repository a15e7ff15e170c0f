import * as fc from "fast-check";
import { expect, test } from "vitest";
import { arrayOf, isKnown, literalOf, NUMBER, objectOf, optionalOf, parseType, printType, recordOf, settle, STRING, tupleOf, type Type } from "./types.ts";

test.each([
  ["number[]", arrayOf(NUMBER)],
  ["readonly string[]", arrayOf(STRING)],
  [
    "ReadonlyArray<{ price: number; qty?: number }>",
    arrayOf(
      objectOf([
        { name: "price", type: NUMBER, optional: false },
        { name: "qty", type: NUMBER, optional: true },
      ]),
    ),
  ],
  ['"a" | "b"', literalOf(["a", "b"])],
  ["string | undefined", optionalOf(STRING, undefined)],
  ["null | number", optionalOf(NUMBER, null)],
  ["Record<string, number>", recordOf(NUMBER)],
  ["{ [key: string]: number }", recordOf(NUMBER)],
  ["[string, number]", tupleOf([STRING, NUMBER])],
  ["(number[])[]", arrayOf(arrayOf(NUMBER))],
])("%s is read", (text, type) => {
  expect(parseType(text)).toBe(type);
});

test.each(["OrderLine", "Map<string, number>", "string | number", "() => void", "number["])("%s is not known, and says so", (text) => {
  expect(isKnown(parseType(text))).toBe(false);
});

test("an unknown type is settled by the values of the examples", () => {
  const line = objectOf([
    { name: "price", type: NUMBER, optional: false },
    { name: "note", type: STRING, optional: true },
  ]);
  expect(settle(parseType("OrderLine[]"), [[{ price: 1 }], [{ price: 2, note: "x" }]])).toBe(arrayOf(line));
  expect(settle(parseType("OrderLine[]"), [[]])).toBeUndefined();
});

const anyType: fc.Arbitrary<Type> = fc.letrec<{ type: Type }>((tie) => ({
  type: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(NUMBER, STRING, literalOf(["a", 'b"c']), literalOf([1, 2])),
    tie("type").map(arrayOf),
    tie("type").map(recordOf),
    fc.array(tie("type"), { minLength: 1, maxLength: 3 }).map(tupleOf),
    tie("type").map((type) => optionalOf(type, undefined)),
    fc
      .uniqueArray(fc.constantFrom("a", "b c", "_d"), { minLength: 1 })
      .chain((names) => tie("type").map((type) => objectOf(names.map((name) => ({ name, type, optional: name === "_d" }))))),
  ),
})).type;

test("every printed type is read back as the same type", () => {
  fc.assert(
    fc.property(anyType, (type) => {
      expect(parseType(printType(type))).toBe(type);
    }),
  );
});
