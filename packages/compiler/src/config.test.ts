import { describe, expect, test } from "vitest";
import { resolveConfig } from "./config.ts";
import { anOrder } from "./testing/orders.ts";

const order = (...front: string[]) => anOrder({ front });

describe("envelope and front matter", () => {
  test("front matter fills what the envelope leaves empty", () => {
    expect(
      resolveConfig(order("review_mode: auto", "budget_usd: 2", "target_runtime: workers", "assembly: shop"), { enableAmendments: false }, "shop"),
    ).toEqual({
      ok: true,
      assembly: "shop",
      config: { enableAmendments: false, reviewMode: "auto", budgetUsd: 2, targetRuntime: "workers", language: "typescript" },
    });
  });

  test("the envelope decides alone when the front matter does not say", () => {
    expect(resolveConfig(order(), { reviewMode: "hybrid", budgetUsd: 0 }, "shop")).toMatchObject({ ok: true, config: { reviewMode: "hybrid", budgetUsd: 0 } });
  });

  test("a person decides when nobody says otherwise", () => {
    expect(resolveConfig(order(), {}, "shop")).toMatchObject({ ok: true, config: { reviewMode: "human" } });
  });

  test("the same said twice is no contradiction, in whatever form of the language's name", () => {
    expect(resolveConfig(order("review_mode: auto", "language: ts"), { reviewMode: "auto", language: "TypeScript" }, "shop")).toMatchObject({ ok: true });
  });

  test.each([
    ["review_mode: human", { reviewMode: "auto" as const }, "reviewMode"],
    ["budget_usd: 1", { budgetUsd: 2 }, "budgetUsd"],
    ["target_runtime: node", { targetRuntime: "workers" }, "targetRuntime"],
    ["language: typescript", { language: "python" }, "language"],
    ["assembly: other", {}, "assemblyId"],
  ])("%s against %j is a contradiction that names the field", (front, envelope, field) => {
    expect(resolveConfig(order(front), envelope, "shop")).toMatchObject({ ok: false, code: "ENVELOPE_CONTRADICTION", fields: [field] });
  });

  test("every contradiction is named", () => {
    expect(resolveConfig(order("review_mode: human", "budget_usd: 1"), { reviewMode: "auto", budgetUsd: 2 }, "shop")).toMatchObject({
      fields: ["reviewMode", "budgetUsd"],
    });
  });

  test("a language that cannot be delivered is refused", () => {
    expect(resolveConfig(order(), { language: "rust" }, "shop")).toMatchObject({ ok: false, code: "INVALID_ARGUMENT", fields: ["language"] });
  });
});
