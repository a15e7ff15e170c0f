import { describe, expect, test } from "vitest";
import { CompileCheck } from "./compiles.ts";
import { mutantsOf } from "./mutants.ts";

const SOURCE = `/** Sums what is wanted. */
export function total(prices: readonly number[], name = "all"): number {
  if (prices.length > 3) throw new RangeError("too many prices");
  return prices.filter((price) => price < 10).reduce((sum, price) => sum + price, 0) + name.length;
}
`;
const files = new Map([["src/total.ts", SOURCE]]);

describe("mutants", () => {
  test("change one place each, and say where and how", async () => {
    const mutants = await mutantsOf(files);
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
    for (const { source, original, replacement, line } of mutants) {
      const at = [...SOURCE].findIndex((char, index) => char !== source[index]);
      expect(at).toBeGreaterThanOrEqual(0);
      expect(source).toContain(replacement);
      expect(
        SOURCE.split("\n")
          .slice(line - 1)
          .join("\n"),
      ).toContain(original);
      expect(source.length).toBe(SOURCE.length - original.length + replacement.length);
    }
    expect(mutants.filter(({ operator }) => operator === "EqualityOperator").map(({ original, replacement }) => `${original} -> ${replacement}`)).toEqual([
      "prices.length > 3 -> prices.length >= 3",
      "prices.length > 3 -> prices.length <= 3",
      "price < 10 -> price <= 10",
      "price < 10 -> price >= 10",
    ]);
  });

  test("leave the wording of a thrown error alone and no other text", async () => {
    const texts = (await mutantsOf(files)).filter(({ operator }) => operator === "StringLiteral").map(({ original }) => original);
    expect(texts).toEqual(['"all"']);
  });

  test("are the same for the same code", async () => {
    expect(await mutantsOf(files)).toEqual(await mutantsOf(files));
  });
});

describe("the compile check", () => {
  test("takes what compiles and refuses what does not, whatever it was asked before", () => {
    using check = new CompileCheck(files);
    expect(check.problemIn("src/total.ts")).toBeUndefined();
    expect(check.accepts("src/total.ts", SOURCE.replace("< 10", ">= 10"))).toBe(true);
    expect(check.accepts("src/total.ts", SOURCE.replace("prices.filter((price) => price < 10)", '"prices"'))).toBe(false);
    expect(check.accepts("src/total.ts", SOURCE.replace("return", "return return"))).toBe(false);
    expect(check.accepts("src/total.ts", SOURCE)).toBe(true);
  });

  test("reads the other files of the tree, and not those of another tree by the same path", () => {
    const use = ["src/use.ts", 'import { total } from "./total.ts";\nexport const one: number = total([1]);\n'] as const;
    using sound = new CompileCheck(new Map([...files, use]));
    using other = new CompileCheck(new Map([["src/total.ts", 'export const total = (): string => "1";\n'], use]));
    expect(sound.problemIn("src/use.ts")).toBeUndefined();
    expect(other.problemIn("src/use.ts")).toMatch(/argument|assignable/);
  });
});
