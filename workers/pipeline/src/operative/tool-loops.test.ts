import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LOOP_ROUNDS, ToolLoops } from "./tool-loops.ts";

type Step = { readonly name: string; readonly input?: unknown; readonly result?: object };

/** Adds the calls in order and answers the first loop with the number of calls it took. */
function firstLoop(steps: readonly Step[]): { readonly after: number; readonly calls: readonly string[] } | null {
  const loops = new ToolLoops();
  for (const [at, { name, input = {}, result = {} }] of steps.entries()) {
    const calls = loops.add("model", name, input, result);
    if (calls !== null) return { after: at + 1, calls };
  }
  return null;
}

const times = (count: number, ...cycle: readonly Step[]): Step[] => Array.from({ length: count }, () => cycle).flat();

describe("calls that repeat each other", () => {
  test.each([
    [1, [{ name: "list_files" }]],
    [
      2,
      [
        { name: "write_file", input: { path: "a" } },
        { name: "run_checks", result: { ok: false } },
      ],
    ],
    [3, [{ name: "read_file" }, { name: "write_file" }, { name: "run_checks" }]],
  ])("with period %i are a loop in their third round, and it names them in order", (period, cycle: readonly Step[]) => {
    const loop = firstLoop([{ name: "search_files" }, ...times(5, ...cycle)]);
    expect(loop?.after).toBe(1 + period * LOOP_ROUNDS);
    expect(loop?.calls.map((call) => call.split(" ")[0])).toEqual(cycle.map(({ name }) => name));
  });

  test("are none while the input changes", () => {
    expect(firstLoop(Array.from({ length: 30 }, (_, at) => ({ name: "read_file", input: { path: `f${at}` } })))).toBeNull();
  });

  test("are none while a result changes: something has happened", () => {
    expect(firstLoop(Array.from({ length: 30 }, (_, at) => ({ name: "run_checks", result: { failed: at } })))).toBeNull();
  });

  test("are none with a longer period, which reads and writes several files", () => {
    expect(firstLoop(times(5, ...["a", "b", "c", "d"].map((path) => ({ name: "read_file", input: { path } }))))).toBeNull();
  });

  test("are named with a part of their input", () => {
    const [call] = firstLoop(times(3, { name: "write_file", input: { content: "x".repeat(1_000) } }))?.calls ?? [];
    expect(call).toMatch(/^write_file \{"content":"x+ \[cut\]$/);
  });
});

test("code that is run again and again is a loop however many calls it makes itself", () => {
  const loops = new ToolLoops();
  const found: (string[] | null)[] = [];
  for (let round = 0; round < LOOP_ROUNDS; round++) {
    for (let call = 0; call < 20; call++) found.push(loops.add("code", "read_file", { path: `f${call}` }, {}));
    found.push(loops.add("model", "run_code", { code: "same" }, { calls: 20 }));
  }
  expect(found.filter((loop) => loop !== null)).toEqual([['run_code {"code":"same"}']]);
  expect(found.at(-1)).not.toBeNull();
});

test("calls of code count like the model's own", () => {
  const loops = new ToolLoops();
  expect([1, 2, 3].map(() => loops.add("code", "list_files", {}, { files: [] }) !== null)).toEqual([false, false, true]);
});

test("a loop is found exactly when the last calls repeat a cycle of one to three, whatever came before", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 40 }), (names) => {
      const repeats = (end: number, period: number): boolean => {
        const last = names.slice(Math.max(0, end - period * LOOP_ROUNDS), end);
        return last.length === period * LOOP_ROUNDS && last.every((name, at) => name === last[at % period]);
      };
      const expected = names.findIndex((_, at) => [1, 2, 3].some((period) => repeats(at + 1, period)));
      expect(firstLoop(names.map((name) => ({ name })))?.after ?? 0).toBe(expected + 1);
    }),
    { numRuns: 500 },
  );
});
