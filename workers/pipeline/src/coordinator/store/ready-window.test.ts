/** What the window says of the order is what all beads sorted say, or nothing. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ReadyWindow } from "./ready-window.ts";
import type { Ranked } from "./ready-window.ts";

const MAX = 3;
const bead = fc.record({ rank: fc.nat(4), position: fc.nat(11) }).map(({ rank, position }): Ranked => ({ beadId: `b${position}`, rank, position }));

const inOrder = (beads: Iterable<Ranked>): Ranked[] => [...beads].sort((a, b) => a.rank - b.rank || a.position - b.position);

test("whatever comes and goes, a window answers with the first beads in order, or does not answer", () => {
  const answered = { some: 0 };
  fc.assert(
    fc.property(fc.uniqueArray(bead, { selector: ({ beadId }) => beadId }), fc.array(bead, { maxLength: 40 }), (start, steps) => {
      const all = new Map(start.map((one) => [one.beadId, one]));
      const window = new ReadyWindow(inOrder(start).slice(0, MAX), MAX);
      for (const step of steps) {
        const known = all.get(step.beadId);
        if (known === undefined) {
          all.set(step.beadId, step);
          window.add(step);
        } else {
          all.delete(step.beadId);
          window.remove(known);
        }
        const sorted = inOrder(all.values()).map(({ beadId }) => beadId);
        for (const limit of [0, 1, 2, 5, 20]) {
          const first = window.first(limit);
          expect(window.count(limit)).toBe(first === null ? null : Math.min(limit, sorted.length));
          if (first === null) continue;
          answered.some += limit > 0 ? 1 : 0;
          expect(first).toEqual(sorted.slice(0, limit));
        }
      }
    }),
  );
  expect(answered.some).toBeGreaterThan(0);
});

test("a window that has lost beads from behind does not say that there are no more", () => {
  const beads = Array.from({ length: 2 * MAX + 1 }, (_, position): Ranked => ({ beadId: `b${position}`, rank: 0, position }));
  const window = new ReadyWindow([], MAX);
  for (const one of beads) window.add(one);
  expect(window.first(MAX)).toEqual(["b0", "b1", "b2"]);
  expect(window.first(MAX + 1)).toBeNull();
});
