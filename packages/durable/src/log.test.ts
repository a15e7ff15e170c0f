import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runBestEffort } from "./best-effort.ts";
import { canonicalLine, createLog, logged, MAX_LINE_CHARS } from "./log.ts";
import type { CanonicalEvent } from "./log.ts";
import { MemoryLog } from "./testing/memory-log.ts";

const anEvent = (overrides: Partial<CanonicalEvent> = {}): CanonicalEvent => ({
  op: "bead.claim",
  outcome: "ok",
  durationMs: 3,
  ids: { bead: "b1" },
  ...overrides,
});

describe("canonical log events", () => {
  test("an event is one JSON line", () => {
    const lines: string[] = [];
    createLog((line) => lines.push(line)).event(anEvent());
    expect(lines.map((line) => JSON.parse(line))).toEqual([{ op: "bead.claim", outcome: "ok", durationMs: 3, ids: { bead: "b1" } }]);
  });

  test.each([
    ["a key that names a secret", { apiKey: "hunter2hunter2", nested: { Authorization: "hunter2hunter2" } }],
    ["a bearer header in a message", { error: "sent 'Authorization: Bearer hunter2hunter2' and failed" }],
    ["a provider key in a text", { error: "401 for sk-hunter2hunter2hunter2" }],
    ["a token in a list", { seen: ["eyJhbGci.hunter2hunter2.hunter2hunter2"] }],
  ])("%s is redacted", (_, fields) => {
    const line = canonicalLine(anEvent({ fields }));
    expect(line).not.toContain("hunter2");
    expect(line).toContain("[redacted]");
  });

  test("counts of tokens are no secrets", () => {
    expect(canonicalLine(anEvent({ fields: { outputTokens: 812 } }))).toContain('"outputTokens":812');
  });

  test("what a bound drops is said", () => {
    const line = canonicalLine(anEvent({ fields: { text: "x".repeat(2_000), list: Array.from({ length: 40 }, () => 1) } }));
    expect(JSON.parse(line).dropped).toEqual({ entries: 8, chars: 976 });
    const long = canonicalLine(anEvent({ fields: Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`f${n}`, "x".repeat(1_000)])) }));
    expect(JSON.parse(long)).toMatchObject({ ids: { bead: "b1" }, dropped: { fields: true } });
  });

  test("every event of any shape gives one bounded line of valid JSON", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 3_000 }), fc.anything()), fc.dictionary(fc.string(), fc.string({ maxLength: 5_000 })), (fields, ids) => {
        const line = canonicalLine(anEvent({ fields, ids }));
        expect(line.length).toBeLessThanOrEqual(MAX_LINE_CHARS);
        expect(line).not.toContain("\n");
        expect(JSON.parse(line)).toMatchObject({ op: "bead.claim", outcome: "ok" });
      }),
    );
  });

  test("an operation that throws is logged as failed and throws on", async () => {
    const log = new MemoryLog();
    const times = [100, 107];
    const run = logged(
      log,
      () => times.shift() ?? 0,
      { op: "x.y", ids: {} },
      () => Promise.reject(new Error("no")),
    );
    await expect(run).rejects.toThrow("no");
    expect(log.events).toEqual([{ op: "x.y", outcome: "failed", durationMs: 7, ids: {}, fields: { error: "no" } }]);
  });

  test("best effort work never throws and never fails in silence", async () => {
    const log = new MemoryLog();
    await runBestEffort("sink.push", () => Promise.reject(new Error("gone")), log);
    expect(log.of("sink.push")).toMatchObject([{ outcome: "failed", fields: { error: "gone" } }]);
  });
});
