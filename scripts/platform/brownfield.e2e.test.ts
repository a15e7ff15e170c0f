/**
 * An order on a starting tree, on the real platform: one function is changed where it is, another is added beside it, and
 * what the files hold otherwise stays as it was.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { needsPerson, submitAndFollow, totalOf, writeDeliverable, type SessionView } from "@factory/cli";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

const LEGACY = `/** Prices of the shop, in euros. */
import { STEP } from "./step.ts";

export const CURRENCY = "EUR";

/** Was written before quantities existed. */
export function lineTotal(price: number, quantity: number): number {
  return price + quantity * 0 * STEP;
}

export function label(amount: number): string {
  return \`\${amount} \${CURRENCY}\`;
}
`;
const FILES = {
  "src/shop/prices.ts": LEGACY,
  "src/shop/step.ts": "export const STEP = 1;\n",
  "src/index.ts": 'export { label } from "./shop/prices.ts";\n',
  "tests/prices.test.ts": [
    'import { expect, test } from "vitest";',
    'import { label, lineTotal } from "../src/shop/prices.ts";',
    'test("a label keeps its currency", () => expect(label(lineTotal(2, 3))).toBe("6 EUR"));',
    "",
  ].join("\n"),
};

const orderOf = (title: string, functions: readonly string[], examples: readonly string[], criteria: readonly string[]): string =>
  [
    "---",
    `title: ${title}`,
    "review_mode: auto",
    "files:",
    ...Object.keys(FILES).map((path) => `  - ${path}`),
    "---",
    "",
    "## Problem",
    "",
    "Carts of several pieces are charged for one, so the shop loses money.",
    "",
    "## Goal",
    "",
    "Prices that count quantities.",
    "",
    "## Acceptance criteria",
    "",
    ...criteria.map((text, index) => `${index + 1}. ${text}`),
    "",
    "```ts",
    ...functions,
    "```",
    "",
    "```examples",
    ...examples,
    "```",
    "",
  ].join("\n");

let platform: TestPlatform;
let folder: string;
beforeAll(async () => {
  platform = await startTestPlatform();
  folder = mkdtempSync(join(tmpdir(), "factory-brownfield-"));
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await platform.dispose();
});

async function runOrder(name: string, text: string): Promise<SessionView> {
  writeFileSync(join(folder, name), text);
  return submitAndFollow(platform.client, await platform.request(join(folder, name)), { until: needsPerson });
}

describe("an order on a starting tree", () => {
  it("changes a function in its own file and delivers the rest of it as it was", async () => {
    const text = orderOf(
      "Count quantities",
      ["function lineTotal(price: number, quantity: number): number", "function cartTotal(lines: { price: number; quantity: number }[]): number"],
      [
        ...[
          [2, 3, 6],
          [5, 1, 5],
          [7, 2, 14],
          [4, 4, 16],
          [9, 3, 27],
          [1, 8, 8],
        ].map(([price, quantity, total]) => `lineTotal(${price}, ${quantity}) => ${total}`),
        "cartTotal([]) => 0",
        "cartTotal([{ price: 2, quantity: 3 }]) => 6",
        "cartTotal([{ price: 2, quantity: 3 }, { price: 5, quantity: 2 }]) => 16",
        "cartTotal([{ price: 1, quantity: 1 }, { price: 10, quantity: 4 }]) => 41",
      ],
      ["`lineTotal` multiplies price by quantity and passes tests/prices.test.ts.", "`cartTotal` sums the `lineTotal` of all lines."],
    );
    const view = await runOrder("count.md", text);
    expect(view.terminal?.outcome, view.openReview?.prompt ?? view.terminal?.reason).toBe("COMPLETED");
    expect([...view.beads.values()].map(({ title }) => title).toSorted()).toEqual([
      "Change lineTotal",
      "Integrate the parts",
      "Verify parts",
      "Verify the outcome",
      "Write cartTotal",
    ]);
    expect(totalOf(view.holdouts)).toMatchObject({ failed: 0 });
    const out = join(folder, "out");
    const paths = await writeDeliverable(platform.client, view.sessionId, out);
    expect(paths).toEqual(expect.arrayContaining([...Object.keys(FILES), "src/cart-total.ts"]));
    expect(paths).not.toContain("src/line-total.ts");
    const prices = readFileSync(join(out, "src/shop/prices.ts"), "utf8");
    expect(prices.startsWith(LEGACY.slice(0, LEGACY.indexOf("export function lineTotal")))).toBe(true);
    expect(prices.endsWith(LEGACY.slice(LEGACY.indexOf("\nexport function label")))).toBe(true);
    expect(prices).not.toContain("quantity * 0");
    expect(readFileSync(join(out, "src/cart-total.ts"), "utf8")).toContain("export function cartTotal(");
    expect(readFileSync(join(out, "src/index.ts"), "utf8")).toBe(
      'export { label } from "./shop/prices.ts";\nexport { lineTotal } from "./shop/prices.ts";\nexport { cartTotal } from "./cart-total.ts";\n',
    );
  });

  it("refuses a function whose new file would replace one, and names it", async () => {
    writeFileSync(join(folder, "src", "rounding.ts"), "export const digits = 2;\n");
    const text = orderOf("Round", ["function rounding(n: number): number"], ["rounding(1.6) => 2", "rounding(2.2) => 2"], ["`rounding` gives whole numbers."]);
    const view = await runOrder("round.md", text.replace("files:", "files:\n  - src/rounding.ts"));
    expect(view.terminal).toMatchObject({ outcome: "FAILED", reason: expect.stringContaining("src/rounding.ts is in the starting tree already") });
  });
});
