import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { canonicalJson, sha256Hex } from "@factory/schemas";
import { SessionEventKind, SessionEventSchema, type SessionEvent } from "@factory/schemas/proto";
import { describe, expect, it, onTestFinished } from "vitest";
import { clientsSawAll, effectsOnce, endsOnce, hashesHold, nothingHeld, outcomesOnce, sameDeliverable, storyHappened, wholeLog } from "./checks.ts";
import type { WanderingClient } from "./clients.ts";
import { objectsOf, type ObjectState } from "./state.ts";

type EventInit = MessageInitShape<typeof SessionEventSchema>;

/** Events of a log in which each is chained to the one before. */
function aLog(...events: readonly EventInit[]): SessionEvent[] {
  let prevHash = "0".repeat(64);
  return events.map((event, at) => {
    const chained = create(SessionEventSchema, { seq: BigInt(at + 1), eventId: `EVT-${at}`, prevHash, hash: sha256Hex(`hash ${at}`), ...event });
    prevHash = chained.hash;
    return chained;
  });
}

const COMPLETED: EventInit = { kind: SessionEventKind.SESSION_COMPLETED, payload: { case: "terminal", value: { outcome: "COMPLETED" } } };
const released = (beadId: string, cycle = 0): EventInit => ({
  kind: SessionEventKind.BEAD_RELEASED,
  payload: { case: "bead", value: { beadId, cycle, toState: "DONE" } },
});
const artifact = (artifactId: string): EventInit => ({ kind: SessionEventKind.ARTIFACT_WRITTEN, payload: { case: "artifact", value: { artifactId } } });

/** State folders with one object a class, made of the given statements. */
function stored(objects: { readonly [className: string]: readonly string[] }): ObjectState[] {
  const folder = mkdtempSync(join(tmpdir(), "factory-checks-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [className, statements] of Object.entries(objects)) {
    mkdirSync(join(folder, "do", `factory-x-${className}`), { recursive: true });
    const database = new DatabaseSync(join(folder, "do", `factory-x-${className}`, "a.sqlite"));
    for (const statement of statements) database.exec(statement);
    database.close();
  }
  return objectsOf(folder);
}

const BEADS = "CREATE TABLE beads (bead_id, state, cycle, outcome, epoch, slot, lease_until)";
const OUTCOMES = "CREATE TABLE outcomes (effect_id, bead_id, verdict)";
const done = (beadId: string): string => `INSERT INTO beads VALUES ('${beadId}', 'DONE', 0, 0, 1, NULL, NULL)`;
const accepted = (effectId: string, beadId: string): string => `INSERT INTO outcomes VALUES ('${effectId}', '${beadId}', '{"accepted":true,"state":"DONE"}')`;

describe("the log", () => {
  it("must end once: no event after the end, no second end, no failure", () => {
    expect(endsOnce(aLog({}, COMPLETED)).ok).toBe(true);
    expect(endsOnce(aLog({}, COMPLETED, {})).ok).toBe(false);
    expect(endsOnce(aLog(COMPLETED, COMPLETED)).ok).toBe(false);
    expect(endsOnce(aLog({}, { ...COMPLETED, kind: SessionEventKind.SESSION_FAILED })).ok).toBe(false);
    expect(endsOnce([]).ok).toBe(false);
  });

  it("must have no gap, no broken link and no event twice", () => {
    expect(wholeLog(aLog({}, {}, COMPLETED)).ok).toBe(true);
    expect(wholeLog(aLog({}, { seq: 3n }, COMPLETED)).ok).toBe(false);
    expect(wholeLog(aLog({}, { prevHash: "a".repeat(64) }, COMPLETED)).ok).toBe(false);
    expect(wholeLog(aLog({ eventId: "EVT-1" }, {}, COMPLETED)).ok).toBe(false);
  });

  it("must be stored as it is told, each line under the hash of its words", () => {
    const line = (seq: number, words: string): { readonly seq: number; readonly words: string; readonly hash: string } => ({
      seq,
      words,
      hash: sha256Hex(canonicalJson({ seq, words })),
    });
    const log = (lines: readonly object[]): ObjectState[] =>
      stored({
        SubscriptionBufferDO: [
          "CREATE TABLE log_events (seq INTEGER, line TEXT)",
          ...lines.map((one, at) => `INSERT INTO log_events VALUES (${at + 1}, '${JSON.stringify(one)}')`),
        ],
      });
    const told = aLog({ hash: line(1, "a").hash }, { hash: line(2, "b").hash });
    expect(hashesHold(log([line(1, "a"), line(2, "b")]), told).ok).toBe(true);
    expect(hashesHold(log([line(1, "a"), { ...line(2, "b"), words: "c" }]), told).ok).toBe(false);
    expect(hashesHold(log([line(1, "a"), line(2, "c")]), told).ok).toBe(false);
    expect(hashesHold(log([line(1, "a")]), told).ok).toBe(false);
  });
});

describe("outcomes and effects", () => {
  it("must count each bead's outcome once, in the log and in the coordinator", () => {
    const objects = stored({ CoordinatorDO: [BEADS, OUTCOMES, done("A"), done("B"), accepted("1", "A"), accepted("2", "B")] });
    expect(outcomesOnce(objects, aLog(released("A"), released("B")), 2).ok).toBe(true);
    expect(outcomesOnce(objects, aLog(released("A"), released("A"), released("B")), 2).ok).toBe(false);
    expect(outcomesOnce(objects, aLog(released("A")), 2).ok).toBe(false);
    expect(outcomesOnce(objects, aLog(released("A"), released("B")), 3).ok).toBe(false);
    const twice = stored({ CoordinatorDO: [BEADS, OUTCOMES, done("A"), accepted("1", "A"), accepted("2", "A")] });
    expect(outcomesOnce(twice, aLog(released("A")), 1).ok).toBe(false);
  });

  it("must find each artifact written and told of once, and each execution one bead", () => {
    const graph = ["CREATE TABLE nodes (id)", "CREATE TABLE edges (source, rel, target)", "INSERT INTO nodes VALUES ('N')"];
    const execution = (id: string): string =>
      `INSERT INTO beads VALUES ('${id}', 'execution', 'agent', '["${id}"]', '{"artifact_graph_execution_id":"EXE-1"}')`;
    const beads = ["CREATE TABLE beads (id, type, subject, parents, content)", execution("K-1")];
    const all = (nodes: readonly string[], kept: readonly string[], ...told: readonly EventInit[]): boolean[] =>
      effectsOnce(stored({ ArtifactGraphDO: nodes, BeadGraphDO: kept }), aLog(...told)).map(({ ok }) => ok);
    expect(all(graph, beads, artifact("N"))).toEqual([true, true]);
    expect(all(graph, beads, artifact("N"), artifact("N"))).toEqual([false, true]);
    expect(all(graph, beads, artifact("M"))).toEqual([false, true]);
    expect(all(graph, [...beads, execution("K-2")], artifact("N"))).toEqual([true, false]);
  });

  it("must find no lease, no held bead and no effect under way", () => {
    const outbox = "CREATE TABLE outbox_effects (seq INTEGER, effect_id, target, attempts, not_before, parked_reason)";
    const held = (objects: Parameters<typeof stored>[0]): boolean[] => nothingHeld(stored(objects)).map(({ ok }) => ok);
    expect(held({ CoordinatorDO: [BEADS, done("A"), outbox] })).toEqual([true, true]);
    expect(held({ CoordinatorDO: [BEADS, "INSERT INTO beads VALUES ('A', 'LEASED', 0, 0, 1, 2, 3)", outbox] })).toEqual([false, true]);
    expect(
      held({ OperativeDO: ["CREATE TABLE operative_beads (bead_id, epoch, execution_id, outcome)", "INSERT INTO operative_beads VALUES ('A', 1, 'E', NULL)"] }),
    ).toEqual([false, true]);
    expect(held({ CoordinatorDO: [BEADS, outbox, "INSERT INTO outbox_effects VALUES (1, 'e', 'log', 1, 0, NULL)"] })).toEqual([true, false]);
  });
});

describe("what clients and the deliverable show", () => {
  it("must be each seq once and in order, for every client", () => {
    const events = aLog({}, {}, COMPLETED);
    const saw = (...seqs: readonly number[]): boolean => {
      // The check reads names and events alone.
      const client = { name: "c", reconnects: 1, events: seqs.map((seq) => ({ ...events[0], seq: BigInt(seq) })) } as unknown as WanderingClient;
      return clientsSawAll({ sessionId: "S", events, clients: [client], kills: 0 }).ok;
    };
    expect(saw(1, 2, 3)).toBe(true);
    expect(saw(1, 2, 2, 3)).toBe(false);
    expect(saw(1, 3)).toBe(false);
    expect(saw(1, 2)).toBe(false);
  });

  it("must have the files of the undisturbed run, whatever the README counts", () => {
    const files = (entries: { readonly [path: string]: string }): ReadonlyMap<string, string> => new Map(Object.entries(entries));
    const calm = files({ "src/a.ts": "1", "README.md": "x" });
    expect(sameDeliverable(calm, files({ "src/a.ts": "1", "README.md": "y" })).ok).toBe(true);
    expect(sameDeliverable(calm, files({ "src/a.ts": "2", "README.md": "x" })).ok).toBe(false);
    expect(sameDeliverable(calm, files({ "src/a.ts": "1", "src/b.ts": "1", "README.md": "x" })).ok).toBe(false);
    expect(sameDeliverable(calm, files({ "src/a.ts": "1" })).ok).toBe(false);
  });

  it("must come after a storm that did what was asked", () => {
    const happened = (injected: { readonly [kind: string]: number }, made: number): boolean[] =>
      storyHappened(injected, ["kill", "d1.fail"], { asked: 2, made }).map(({ ok }) => ok);
    expect(happened({ kill: 2, "d1.fail": 1 }, 2)).toEqual([true, true]);
    expect(happened({ kill: 2 }, 2)).toEqual([false, true]);
    expect(happened({ kill: 1, "d1.fail": 1 }, 1)).toEqual([true, false]);
  });
});
