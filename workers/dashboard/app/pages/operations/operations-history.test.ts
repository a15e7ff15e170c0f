import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { OperationsResponse } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import { EMPTY_HISTORY, rangeOf, seriesOf, withAnswer } from "./operations-history.ts";
import { NOW, aSession, anAnswer } from "./testing/builders.ts";

const lagging = (at: number, seq: bigint, tipSeq: bigint | undefined): OperationsResponse =>
  anAnswer({
    askedAt: timestampFromMs(NOW + at),
    sessions: [aSession({ lag: { sessionId: "SES-1", seq, ...(tipSeq === undefined ? {} : { tipSeq }) } })],
  });
const afterAll = (...answers: readonly OperationsResponse[]) => answers.reduce(withAnswer, EMPTY_HISTORY);

describe("figures since the page was opened", () => {
  it("keep a gap where an answer did not have one, and take it for no zero", () => {
    const history = afterAll(
      anAnswer({ totals: { leasesHeld: 3, eventsBehind: 7n } }),
      anAnswer({ askedAt: timestampFromMs(NOW + 5_000), totals: {} }),
      anAnswer({ askedAt: timestampFromMs(NOW + 10_000), totals: { leasesHeld: 0, outbox: { pending: 4 } } }),
    );
    expect(seriesOf(history, "leases").map(({ value }) => value)).toEqual([3, null, 0]);
    expect(seriesOf(history, "behind").map(({ value }) => value)).toEqual([7, null, null]);
    expect(rangeOf(seriesOf(history, "pending"))).toEqual({ min: 4, max: 4, since: NOW });
  });

  it("have no range while nothing is known", () => {
    expect(rangeOf(seriesOf(afterAll(anAnswer({ totals: {} })), "leases"))).toBeNull();
  });

  it("take each answer once, and none that is older than the last", () => {
    const history = afterAll(lagging(5_000, 1n, 1n), lagging(5_000, 1n, 1n), lagging(0, 1n, 1n));
    expect(history.points.map(({ at }) => at)).toEqual([NOW + 5_000]);
  });

  it("are of the last hour", () => {
    const answers = Array.from({ length: 730 }, (_, index) => lagging(index * 5_000, 1n, 1n));
    const { points } = afterAll(...answers);
    expect([points.length, points.at(-1)?.at]).toEqual([720, NOW + 729 * 5_000]);
  });
});

describe("a read model that stands still", () => {
  it("is known since the first answer in which it was behind at that place", () => {
    const { still } = afterAll(lagging(0, 10n, 10n), lagging(5_000, 10n, 12n), lagging(10_000, 10n, 15n));
    expect(still.get("SES-1")).toEqual({ seq: 10n, since: NOW + 5_000 });
  });

  it("begins anew when it has moved, though it is behind yet", () => {
    const { still } = afterAll(lagging(0, 10n, 12n), lagging(5_000, 11n, 14n));
    expect(still.get("SES-1")?.since).toBe(NOW + 5_000);
  });

  it("is forgotten when it has caught up, or when its log does not answer", () => {
    expect(afterAll(lagging(0, 10n, 12n), lagging(5_000, 12n, 12n)).still.size).toBe(0);
    expect(afterAll(lagging(0, 10n, 12n), lagging(5_000, 10n, undefined)).still.size).toBe(0);
  });
});
