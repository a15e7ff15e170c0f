import { describe, expect, test } from "vitest";
import { isolateFunction, replaceFunction } from "./source-file.ts";

const FILE = `/** Prices. */
import { round } from "./round.ts";
import type { Money } from "./money.ts";

export const RATE = 0.2;

/** Net price. */
export function net(price: Money): number {
  return round(price.amount * (1 - RATE));
}

export const gross = (amount: number): number => amount * (1 + RATE);

function helper(n: number): number {
  return n;
}
export { helper };
`;
const NEW_NET = `import { clamp } from "./clamp.ts";
import { round } from "./round.ts";

export function net(price: number): number {
  return round(clamp(price));
}
`;

describe("replacing a function", () => {
  test("keeps every other byte of the file and adds the imports it does not have", () => {
    expect(replaceFunction(FILE, "net", NEW_NET)).toBe(
      FILE.replace('from "./money.ts";', 'from "./money.ts";\nimport { clamp } from "./clamp.ts";').replace(
        /export function net[\s\S]*?\n}/,
        "export function net(price: number): number {\n  return round(clamp(price));\n}",
      ),
    );
  });

  test("keeps a function local that is exported by a list, and takes the place of a constant", () => {
    expect(replaceFunction(FILE, "helper", "export function helper(n: number): number {\n  return n + 1;\n}\n")).toContain(
      "\nfunction helper(n: number): number {\n  return n + 1;\n}\nexport { helper };",
    );
    expect(replaceFunction(FILE, "gross", "export function gross(amount: number): number {\n  return amount;\n}\n")).toContain(
      "}\n\nexport function gross(amount: number): number {\n  return amount;\n}\n\nfunction helper",
    );
  });

  test("does not import what the file itself declares", () => {
    const replaced = replaceFunction(
      FILE,
      "net",
      'import { gross } from "./prices.ts";\n\nexport function net(price: number): number {\n  return gross(price);\n}\n',
    );
    expect(replaced).not.toContain("./prices.ts");
    expect(replaced).toContain("return gross(price);");
  });

  test("puts the first import of a file at its top", () => {
    expect(replaceFunction("export function net(n: number) {\n  return n;\n}\n", "net", NEW_NET)).toBe(
      `import { clamp } from "./clamp.ts";\nimport { round } from "./round.ts";\n\nexport function net(price: number): number {\n  return round(clamp(price));\n}\n`,
    );
  });

  test.each([
    ["is not there", FILE, "absent"],
    ["cannot be read", "export function net(", "net"],
    [
      "is overloaded",
      "export function net(a: string): string;\nexport function net(a: number): number;\nexport function net(a: unknown): unknown {\n  return a;\n}\n",
      "net",
    ],
    ["is declared beside something else", "export const net = (n: number) => n, other = 1;\n", "net"],
  ])("is refused where the function %s", (_why, source, name) => {
    expect(replaceFunction(source, name, NEW_NET.replaceAll("net", name))).toBeUndefined();
  });
});

test("a function is taken out with the imports of its file, exported", () => {
  expect(isolateFunction(FILE, "helper")).toBe(
    'import { round } from "./round.ts";\nimport type { Money } from "./money.ts";\nexport function helper(n: number): number {\n  return n;\n}\n',
  );
  expect(isolateFunction(FILE, "absent")).toBeUndefined();
});
