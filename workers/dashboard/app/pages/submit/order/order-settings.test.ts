import { parseWorkOrder } from "@factory/compiler";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TEMPLATES } from "../templates/templates.ts";
import { SETTING_NAMES, namedFiles, readSettings, withSetting, type SettingName } from "./order-settings.ts";

const order = (front: string): string => `${front}# Prices\n\n## Problem\n`;
const UNSAID = { title: null, review_mode: null, priority: null, budget_usd: null, assembly: null };

/** The field of a parsed order that a setting decides. */
const FIELDS = { title: "title", review_mode: "reviewMode", priority: "priority", budget_usd: "budgetUsd", assembly: "assembly" } as const;

const settingValue: fc.Arbitrary<readonly [SettingName, string]> = fc.oneof(
  fc.tuple(
    fc.constant("title" as const),
    fc.string({ minLength: 1, maxLength: 60 }).filter((text) => text.trim() === text && !/[\p{Cc}\u2028\u2029]/u.test(text)),
  ),
  fc.tuple(fc.constant("review_mode" as const), fc.constantFrom("auto", "human", "hybrid")),
  fc.tuple(fc.constant("priority" as const), fc.constantFrom("low", "normal", "high", "urgent")),
  fc.tuple(
    fc.constant("budget_usd" as const),
    fc.integer({ min: 0, max: 100_000 }).map((cents) => String(cents / 100)),
  ),
  fc.tuple(fc.constant("assembly" as const), fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/)),
);

describe("the settings of an order", () => {
  it.each([
    ["no front matter", "", UNSAID],
    ["an empty one", "---\n---\n", UNSAID],
    ["comments only", "---\n# nothing yet\n---\n", UNSAID],
    ["fields", "---\ntitle: Prices\nbudget_usd: 2.5\npriority: high\n---\n", { ...UNSAID, title: "Prices", budget_usd: "2.5", priority: "high" }],
  ])("are read from %s", (_name, front, settings) => {
    expect(readSettings(order(front))).toEqual(settings);
  });

  it.each(["---\ntitle: Prices\n", "---\ntitle: [a\n---\n", "---\n- a\n---\n", "---\ntitle: a\ntitle: b\n---\n"])("are not read from %j", (front) => {
    expect(readSettings(order(front))).toBeNull();
    expect(withSetting(order(front), "priority", "high")).toBeNull();
  });

  it("are the same to the parser after a change, but for the field that was changed", () => {
    fc.assert(
      fc.property(fc.constantFrom(...TEMPLATES), settingValue, ({ draft }, [name, value]) => {
        const changed = withSetting(draft.text, name, value);
        const [before, after] = [parseWorkOrder(draft.text), parseWorkOrder(changed ?? "")];
        if (!before.ok || !after.ok) throw new Error(`${name} ${value} makes faults: ${JSON.stringify(after)}`);
        expect(String(after.order[FIELDS[name]])).toBe(value);
        // Lines move when a field is added; what they say does not.
        const rest = (parsed: object): unknown =>
          JSON.parse(JSON.stringify({ ...parsed, [FIELDS[name]]: null }, (key, part: unknown) => (key === "line" ? 0 : part)));
        expect(rest(after.order)).toEqual(rest(before.order));
      }),
    );
  });

  it("come back when a field is set and taken away again", () => {
    fc.assert(
      fc.property(settingValue, ([name, value]) => {
        const text = order("---\n# ours\nfiles:\n  - src/*.ts\n---\n");
        const set = withSetting(text, name, value);
        expect(withSetting(set ?? "", name, null)).toBe(text);
      }),
    );
  });

  it("keep remarks, other fields and their order", () => {
    const text = order("---\n# ours\ntitle: A # the old one\nfiles: [a.ts]\n---\n");
    expect(withSetting(text, "title", "B")).toBe(text.replace("title: A", "title: B"));
    expect(withSetting(text, "priority", "low")).toBe(text.replace("[a.ts]\n", "[a.ts]\npriority: low\n"));
  });

  it("begin a front matter where there is none", () => {
    const text = withSetting(order(""), "review_mode", "auto");
    expect(text).toBe(`---\nreview_mode: auto\n---\n\n${order("")}`);
  });

  it.each(["---\n{title: a, priority: low}\n---\n", "---\ntitle: >\n  two\n  lines\n---\n", "---\ntitle: [a, b]\n---\n"])(
    "are left alone where a field has no line to itself: %j",
    (front) => {
      expect(withSetting(order(front), "title", "B")).toBeNull();
    },
  );

  it("name the attached files, whatever else is wrong with the order", () => {
    expect(namedFiles("---\nfiles:\n  - ./src/*.ts\n  - 7\n---\n")).toEqual(["src/*.ts"]);
    expect([namedFiles("# no front matter"), namedFiles("---\nfiles: none\n---\n")]).toEqual([[], []]);
    expect(SETTING_NAMES).not.toContain("files");
  });
});
