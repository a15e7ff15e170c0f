/** What must hold after a storm, each with what it found. Nothing here trusts the code under test: it reads logs, digests and tables. */
import { createHash } from "node:crypto";
import { toJsonString } from "@bufbuild/protobuf";
import { canonicalJson } from "@factory/schemas";
import { SessionEventKind, SessionEventSchema, type SessionEvent } from "@factory/schemas/proto";
import { readPublicKeys, verifyEvidence } from "@factory/verification/evidence";
import type { FactoryClient } from "@factory/cli";
import { TERMINAL_KINDS } from "./clients.ts";
import { databaseRows, outboxRows, rowsOf, type ObjectState } from "./state.ts";
import type { Storm } from "./storm.ts";

/** One thing that must hold, and what was found. */
export type Check = { readonly name: string; readonly ok: boolean; readonly evidence: string };

const MAX_EVIDENCE_CHARS = 1_500;

/** A check that holds when nothing is found that contradicts it. */
function holdsUnless(name: string, found: readonly unknown[], otherwise: string): Check {
  const evidence = found.length === 0 ? otherwise : JSON.stringify(found, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
  return { name, ok: found.length === 0, evidence: evidence.slice(0, MAX_EVIDENCE_CHARS) };
}

const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** The session ended, once, and as completed. */
export function endsOnce(events: readonly SessionEvent[]): Check {
  const ends = events.filter(({ kind }) => TERMINAL_KINDS.includes(kind)).map(({ seq, kind }) => ({ seq, kind: SessionEventKind[kind] }));
  const [end] = ends;
  const ok = ends.length === 1 && Number(end?.seq) === events.length && end?.kind === "SESSION_COMPLETED";
  const last = events.at(-1)?.payload;
  const why = last?.case === "terminal" ? `${last.value.outcome}: ${last.value.reason}` : "no terminal event";
  return {
    name: "the session ends exactly once, completed",
    ok,
    evidence: `${events.length} events; ${ends.map(({ seq, kind }) => `${kind} at ${seq}`).join(", ")}; ${why}`,
  };
}

/** `seq` from 1 without gap or repeat, each event over the hash of the one before. */
export function wholeLog(events: readonly SessionEvent[]): Check {
  const wrong = events.flatMap(({ seq, prevHash }, at) => {
    const expected = at === 0 ? "0".repeat(64) : events[at - 1]?.hash;
    return Number(seq) === at + 1 && prevHash === expected ? [] : [{ at: at + 1, seq, prevHash, expected }];
  });
  const repeated = events.length - new Set(events.map(({ eventId }) => eventId)).size;
  return holdsUnless("seq is gapless, the chain unbroken and no event twice", [...wrong, ...(repeated === 0 ? [] : [{ repeated }])], `${events.length} events`);
}

/** Each stored line has the hash it says, recomputed from its own words. */
export function hashesHold(objects: readonly ObjectState[], events: readonly SessionEvent[]): Check {
  const lines = rowsOf(objects, "SubscriptionBufferDO", "log_events", "SELECT line FROM log_events ORDER BY seq").map(
    ({ line }) => JSON.parse(String(line)) as { seq: number; hash: string },
  );
  const wrong = lines.filter(({ hash, ...rest }) => sha256(canonicalJson(rest)) !== hash).map(({ seq }) => seq);
  const told = new Map(events.map(({ seq, hash }) => [Number(seq), hash]));
  const other = lines.filter(({ seq, hash }) => told.get(seq) !== hash).map(({ seq }) => ({ seq, told: told.get(seq) }));
  const missing = lines.length === events.length ? [] : [{ stored: lines.length, told: events.length }];
  return holdsUnless(
    "each event's hash is that of its content, and clients were told the stored one",
    [...wrong, ...other, ...missing],
    `${lines.length} lines`,
  );
}

/** One release a bead and cycle in the log; one accepted outcome that ended in DONE in the coordinator, and the two agree. */
export function outcomesOnce(objects: readonly ObjectState[], events: readonly SessionEvent[], beads: number): Check {
  const released = countBy(
    events.flatMap(({ kind, payload }) =>
      kind === SessionEventKind.BEAD_RELEASED && payload.case === "bead" ? [`${payload.value.beadId}/${payload.value.cycle}`] : [],
    ),
  );
  const done = rowsOf(objects, "CoordinatorDO", "beads", "SELECT bead_id, state, cycle, outcome FROM beads");
  const accepted = countBy(
    rowsOf(
      objects,
      "CoordinatorDO",
      "outcomes",
      "SELECT bead_id FROM outcomes WHERE json_extract(verdict, '$.accepted') AND json_extract(verdict, '$.state') = 'DONE'",
    ).map((row) => String(row["bead_id"])),
  );
  const wrong = [
    ...[...released].filter(([, count]) => count !== 1).map(([bead, count]) => ({ bead, released: count })),
    ...done.filter((row) => row["state"] !== "DONE"),
    ...done.filter((row) => !released.has(`${String(row["bead_id"])}/${String(row["cycle"])}`)).map((row) => ({ neverReleased: row["bead_id"] })),
    // The outcome bead is judged by the coordinator itself and has no outcome of an operative.
    ...done
      .filter((row) => row["outcome"] === 0 && accepted.get(String(row["bead_id"])) !== Number(row["cycle"]) + 1)
      .map((row) => ({ bead: row["bead_id"], accepted: accepted.get(String(row["bead_id"])) ?? 0 })),
    ...(done.length === beads ? [] : [{ beads: done.length, expected: beads }]),
  ];
  return holdsUnless(
    "each bead's accepted outcome counts exactly once, in the log and in the coordinator",
    wrong,
    `${done.length} beads DONE, ${accepted.size} outcomes of operatives`,
  );
}

/** What the receivers hold: one node an ARTIFACT_WRITTEN event, one knowing-state bead an effect. */
export function effectsOnce(objects: readonly ObjectState[], events: readonly SessionEvent[]): Check[] {
  const nodes = countBy(rowsOf(objects, "ArtifactGraphDO", "nodes", "SELECT id FROM nodes").map((row) => String(row["id"])));
  const told = countBy(events.flatMap(({ payload }) => (payload.case === "artifact" ? [payload.value.artifactId] : [])));
  const edges = rowsOf(objects, "ArtifactGraphDO", "edges", "SELECT source, rel, target, count(*) AS n FROM edges GROUP BY 1, 2, 3 HAVING n > 1");
  const graph = [
    ...[...told].filter(([, count]) => count > 1).map(([artifact, count]) => ({ artifact, told: count })),
    ...[...told.keys()].filter((id) => !nodes.has(id)).map((id) => ({ toldButNotWritten: id })),
    ...[...nodes].filter(([, count]) => count > 1).map(([node, count]) => ({ node, count })),
    ...edges,
  ];
  const beads = rowsOf(objects, "BeadGraphDO", "beads", "SELECT id, type, subject, content, parents FROM beads");
  const same = [...countBy(beads.map((row) => `${String(row["type"])} ${String(row["subject"])} ${String(row["parents"])} ${String(row["content"])}`))].filter(
    ([, count]) => count > 1,
  );
  // An execution is one bead, and has one outcome; an amendment is told of once in each standing.
  const executions = countBy(
    beads.flatMap((row) => (row["type"] === "execution" ? [`execution ${field(row["content"], "artifact_graph_execution_id")}`] : [])),
  );
  const outcomes = countBy(beads.flatMap((row) => (row["type"] === "outcome" ? [`outcome of ${String(row["parents"])}`] : [])));
  const amendments = countBy(
    beads.flatMap((row) => (row["type"] === "amendment" ? [`amendment of ${field(row["content"], "target_id")} ${field(row["content"], "status")}`] : [])),
  );
  const twice = [...executions, ...outcomes, ...amendments].filter(([, count]) => count > 1);
  return [
    holdsUnless("each artifact is written and told of exactly once", graph, `${nodes.size} nodes, ${told.size} told of`),
    holdsUnless("each knowing-state bead is there exactly once", [...same, ...twice], `${beads.length} beads, ${executions.size} executions`),
  ];
}

/** Nothing is held, sent or scheduled for a run that is over. */
export function nothingHeld(objects: readonly ObjectState[]): Check[] {
  const leased = rowsOf(
    objects,
    "CoordinatorDO",
    "beads",
    "SELECT bead_id, state, epoch, slot, lease_until FROM beads WHERE state IN ('LEASED', 'WAITING', 'READY')",
  );
  const held = rowsOf(objects, "OperativeDO", "operative_beads", "SELECT bead_id, epoch, execution_id FROM operative_beads WHERE outcome IS NULL");
  const outbox = outboxRows(objects);
  return [
    holdsUnless("no lease is held by the dead", [...leased, ...held], "no bead is LEASED, WAITING or READY, and no slot holds one"),
    holdsUnless("every outbox is empty and nothing is parked", outbox, "no row in any outbox"),
  ];
}

/** The registry has the session once, as the log ends it. */
export function registered(stateDirectory: string, { sessionId }: Storm): Check {
  const rows = databaseRows(stateDirectory, "sessions", "SELECT session_id, state FROM sessions");
  const wrong = rows.length === 1 && rows[0]?.["session_id"] === sessionId && rows[0]["state"] === "COMPLETED" ? [] : [{ rows, expected: sessionId }];
  return holdsUnless("the registry has the session once, completed", wrong, sessionId);
}

/** The read model has come to the log's end: each bead once, DONE, and no event set aside. */
export function projected(stateDirectory: string, { sessionId, events }: Storm, beads: number): Check {
  const cursors = databaseRows(stateDirectory, "projection_cursors", "SELECT session_id, seq FROM projection_cursors");
  const rows = databaseRows(stateDirectory, "beads", "SELECT bead_id, state FROM beads");
  const quarantined = databaseRows(stateDirectory, "quarantined_events", "SELECT * FROM quarantined_events LIMIT 5");
  const atEnd = cursors.length === 1 && cursors[0]?.["session_id"] === sessionId && cursors[0]["seq"] === events.length;
  const wrong = [
    ...(atEnd ? [] : [{ cursors, expected: events.length }]),
    ...rows.filter((row) => row["state"] !== "DONE"),
    ...(rows.length === beads ? [] : [{ beads: rows.length, expected: beads }]),
    ...quarantined,
  ];
  return holdsUnless("the read model has come to the end of the log", wrong, `cursor at ${events.length}, ${rows.length} beads DONE`);
}

/** The package holds against the published keys, the delivered files and the log, and is the one the terminal event names. */
export async function evidenceHolds(
  { client, url }: { readonly client: FactoryClient; readonly url: string },
  { sessionId, events }: Storm,
  files: Files,
): Promise<Check> {
  const { package: bytes, sha256: digest } = await client.delivery.getEvidence({ sessionId });
  const keys = readPublicKeys(await (await fetch(`${url}/.well-known/factory-evidence-keys.json`)).text());
  const log = events.map((event) => toJsonString(SessionEventSchema, event)).join("\n");
  const { holds, held, fault } = await verifyEvidence({ package: bytes, keys, tree: files, log });
  const terminal = events.at(-1)?.payload;
  const named = terminal?.case === "terminal" ? (terminal.value.evidenceDigest ?? "") : "";
  const found = [...(holds ? [] : [fault]), ...(sha256(bytes) === digest && digest === named ? [] : [{ sent: digest, computed: sha256(bytes), named }])];
  return holdsUnless("the evidence verifies offline against keys, files and log", found, `sha256 ${digest}; ${held.join(", ")}`);
}

/** Paths of a deliverable with the digest of each file, computed from the bytes that came. */
export type Files = ReadonlyMap<string, string>;

/** Fetches a deliverable. @throws Error when a file's bytes are not those of its digest */
export async function deliverableOf(client: FactoryClient, sessionId: string): Promise<Files> {
  const chunks = new Map<string, { sha256: string; data: Uint8Array[] }>();
  for await (const { path, sha256: digest, data } of client.delivery.getDeliverable({ sessionId })) {
    const file = chunks.get(path) ?? { sha256: digest, data: [] };
    file.data.push(data);
    chunks.set(path, file);
  }
  return new Map(
    [...chunks].map(([path, file]) => {
      const computed = sha256(Buffer.concat(file.data));
      if (computed !== file.sha256) throw new Error(`${path} came with other bytes than its digest ${file.sha256} says.`);
      return [path, computed];
    }),
  );
}

/** The same paths with the same bytes as without a storm. `README.md` counts the checks that ran, and a storm runs some again. */
export function sameDeliverable(undisturbed: Files, disturbed: Files): Check {
  const paths = new Set([...undisturbed.keys(), ...disturbed.keys()]);
  const differing = [...paths].filter((path) => path !== "README.md" && undisturbed.get(path) !== disturbed.get(path));
  const readme = undisturbed.has("README.md") === disturbed.has("README.md") ? [] : ["README.md is missing"];
  return holdsUnless(
    "the deliverable is that of the undisturbed run",
    [...differing, ...readme],
    `${paths.size - 1} files with equal digests, README.md apart`,
  );
}

/** Each client saw every seq once and in order, over all its connections. */
export function clientsSawAll({ clients, events }: Storm): Check {
  const wrong = clients.flatMap(({ name, events: seen }) => {
    const at = seen.findIndex(({ seq }, index) => Number(seq) !== index + 1);
    if (at === -1 && seen.length === events.length) return [];
    return [{ client: name, saw: seen.length, of: events.length, firstWrong: at === -1 ? null : { position: at + 1, seq: seen[at]?.seq } }];
  });
  return holdsUnless(
    "every client saw each seq once and in order",
    wrong,
    clients.map(({ name, reconnects }) => `${name} came back ${reconnects} times`).join(", "),
  );
}

/** What was asked for happened: a storm that did nothing proves nothing. */
export function storyHappened(
  injected: { readonly [kind: string]: number },
  kinds: readonly string[],
  kills: { readonly asked: number; readonly made: number },
): Check[] {
  return [
    holdsUnless(
      "faults of every kind were injected",
      kinds.filter((kind) => (injected[kind] ?? 0) === 0),
      JSON.stringify(injected),
    ),
    { name: "every kill was made", ok: kills.made === kills.asked, evidence: `${kills.made} of ${kills.asked}` },
  ];
}

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function field(content: unknown, name: string): string {
  const parsed: unknown = JSON.parse(String(content));
  return typeof parsed === "object" && parsed !== null ? String(Reflect.get(parsed, name)) : "";
}
