/**
 * The persistence gate (3), after delivery: it looks at log, graph and blobs once more from outside and writes its report to
 * the artifact graph only, for the log is closed. It is an effect of its own lane: a crash repeats it, and nothing waits for it.
 */
import { messageOf, RetryableError, TerminalError } from "@factory/durable";
import { artifactNode, blobKey, invariant, sha256Hex } from "@factory/schemas";
import type { SessionEvent, VerificationReport } from "@factory/schemas";
import type { RunRecord, StoredNode } from "@factory/schemas/rpc";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import pMap from "p-map";
import { z } from "zod";
import type { SessionContext } from "./context.ts";
import { persistenceReport } from "./persistence-report.ts";
import type { AuditTrail, DetectorRun, EvidenceSource, PersistenceFacts } from "./persistence-report.ts";

/** How long a source that does not answer yet is asked again before the report says so, in milliseconds. */
export const SOURCE_PATIENCE_MS = 10 * 60_000;
/** The platform's limit of connections that one invocation has open at once. */
const AT_ONCE = { concurrency: 6 } as const;
/** Ids of one look-up, within what the graph answers at once. */
const IDS_AT_ONCE = 500;
/** Events after the sealed chain: the package's own and the terminal one. */
const EVENTS_AFTER_CHAIN = 2;
/** Name of the document that keeps the report: a repeat writes the same. */
const REPORT = "persistence-report";

const sealed = z.looseObject({ chain: z.looseObject({ events: z.number(), rootHash: z.string() }) });
const manifest = z.looseObject({ files: z.array(z.looseObject({ path: z.string(), digest: z.string() })) });

const invariantNode = z.looseObject(invariant.shape);

/** What one source said, or that it did not answer. */
type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/**
 * Takes the gate for the delivery that an evidence package sealed.
 *
 * @throws RetryableError while a source does not answer and while the graph does not take the report, TerminalError for a
 * package that the session did not seal.
 */
export async function runPersistence(context: SessionContext, evidenceId: string): Promise<void> {
  const { store, deps } = context;
  const { org, endedAt } = store.requireSession();
  const { assembly } = store.request();
  if (endedAt === null) throw new TerminalError(`${evidenceId} has sealed nothing that has ended.`);
  const patient = deps.now() - endedAt < SOURCE_PATIENCE_MS;
  const report = JSON.parse(await keptReport(context, evidenceId, patient)) as VerificationReport;
  const node = artifactNode("VR", "VerificationReport", org, report, [evidenceId]);
  const written = await deps.graph(org, assembly).append([node], [{ source: evidenceId, rel: "gate_result", target: node.id }]);
  if (!written.ok) throw new RetryableError(`The artifact graph does not take the report: ${written.code}: ${written.message}`);
}

/** The report as it was first made: what it says of ages must not differ between two tries to write it. */
async function keptReport(context: SessionContext, evidenceId: string, patient: boolean): Promise<string> {
  const { store } = context;
  const kept = store.document(REPORT);
  if (kept !== null) return kept;
  const report = JSON.stringify(persistenceReport(await gather(context, evidenceId, patient), evidenceId));
  return store.transaction(() => store.keepDocument(REPORT, report));
}

async function gather(context: SessionContext, evidenceId: string, patient: boolean): Promise<PersistenceFacts> {
  const { store, deps } = context;
  const { org, runId } = store.requireSession();
  const chain = sealed.parse(store.artifact(evidenceId).data).chain;
  const told = await asked("the log", patient, () => readLog(context, chain.events));
  const events = told.ok ? told.value : NOTHING_TOLD;
  const ids = told.ok ? told.value.artifacts : store.artifactIds();
  const found = await asked("the artifact graph", patient, () => nodesOf(context, ids));
  const nodes = found.ok ? found.value : [];
  const blobs = await asked("the blob store", patient, () => blobProblems(context));
  const record = await asked("the run", patient, async () => (runId === null ? null : deps.coordinator(org, runId).record()));
  const rootProblem = told.ok && events.rootHash !== chain.rootHash ? ["the chain it holds is not the one that was sealed"] : [];
  const openProblem = told.ok && !events.closed ? ["it is not closed by a terminal event"] : [];
  return {
    now: deps.now(),
    detectors: detectorRuns(nodes, record.ok ? record.value : null, events),
    sources: [
      source("session log", told, [...rootProblem, ...openProblem], `${events.count} events`),
      source("artifact graph", found, [], `${nodes.length} artifacts`),
      source("blobs", blobs, blobs.ok ? blobs.value : [], "the evidence package and every delivered file"),
      source("coordinator", record, record.ok && record.value === null ? ["it has no record of the run"] : [], "the record of the run"),
    ],
    trails: [
      { trail: "events told and in the log", expected: chain.events + EVENTS_AFTER_CHAIN, observed: events.count, missing: [] },
      artifactTrail("artifacts told and in the graph", ids, nodes),
      artifactTrail(
        "artifacts of the session told in the log",
        store.artifactIds(),
        [...events.artifacts].map((id) => ({ id })),
      ),
    ],
  };
}

/** Asks a source. One that does not answer is asked again for a while; then that is what there is to say of it. */
async function asked<T>(name: string, patient: boolean, ask: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await ask() };
  } catch (err) {
    if (patient) throw new RetryableError(`${name} does not answer: ${messageOf(err)}`, { cause: err });
    return { ok: false, problem: `it does not answer: ${messageOf(err)}` };
  }
}

function source(name: string, answer: Answer<unknown>, problems: readonly string[], detail: string): EvidenceSource {
  return { source: name, problems: answer.ok ? problems : [answer.problem], detail };
}

/** What a log tells that the gate compares. */
type Told = {
  readonly count: number;
  /** Hash of the last event that the package covers. */
  readonly rootHash: string | null;
  readonly closed: boolean;
  readonly artifacts: ReadonlySet<string>;
  /** When the fidelity gate last looked at a bead, by bead. */
  readonly verified: ReadonlyMap<string, number>;
};
const NOTHING_TOLD: Told = { count: 0, rootHash: null, closed: false, artifacts: new Set(), verified: new Map() };

/** Reads the whole log. @throws RetryableError when it is not closed yet or ends before its tip. */
async function readLog({ store, deps }: SessionContext, sealedEvents: number): Promise<Told> {
  const { org, sessionId } = store.requireSession();
  const log = deps.sessionLog(org, sessionId);
  const artifacts = new Set<string>();
  const verified = new Map<string, number>();
  let [count, rootHash]: [number, string | null] = [0, null];
  for (;;) {
    const { events, tip } = await log.read(count, LOG_LIMITS.pageEvents);
    if (!tip.closed) throw new RetryableError("The terminal event is not in the log yet.");
    for (const event of events) {
      if (event.seq === sealedEvents) rootHash = event.hash;
      note(event, artifacts, verified);
    }
    count += events.length;
    if (count >= tip.lastSeq) return { count, rootHash, closed: true, artifacts, verified };
    if (events.length === 0) throw new RetryableError(`The log ends at ${count} of ${tip.lastSeq} events.`);
  }
}

function note(event: SessionEvent, artifacts: Set<string>, verified: Map<string, number>): void {
  if (isKind(event, "ARTIFACT_WRITTEN")) artifacts.add(event.payload.artifactId);
  if (isKind(event, "VERIFICATION_PRODUCED") && event.payload.verificationType === "FIDELITY") verified.set(event.payload.subjectId, event.occurredAt);
}

function isKind<K extends SessionEvent["kind"]>(event: SessionEvent, kind: K): event is SessionEvent<K> {
  return event.kind === kind;
}

async function nodesOf({ store, deps }: SessionContext, ids: ReadonlySet<string>): Promise<StoredNode[]> {
  const { org, assembly } = store.request();
  const graph = deps.graph(org, assembly);
  const all = [...ids];
  const nodes: StoredNode[] = [];
  for (let at = 0; at < all.length; at += IDS_AT_ONCE) {
    const answer = await graph.getMany(all.slice(at, at + IDS_AT_ONCE));
    if (!answer.ok) throw new RetryableError(`${answer.code}: ${answer.message}`);
    nodes.push(...answer.nodes);
  }
  return nodes;
}

function artifactTrail(trail: string, expected: ReadonlySet<string>, observed: readonly { readonly id: string }[]): AuditTrail {
  const found = new Set(observed.map(({ id }) => id));
  const missing = [...expected].filter((id) => !found.has(id));
  return { trail, expected: expected.size, observed: expected.size - missing.length, missing };
}

/** What the blob store lacks of the package and of the delivered files, or holds with other bytes. */
async function blobProblems({ store, deps }: SessionContext): Promise<string[]> {
  const { org, sessionId, evidenceDigest } = store.requireSession();
  const wrong = async (key: string, digest: string | null, name: string): Promise<string[]> => {
    const bytes = await deps.blobs.get(key);
    return bytes !== null && sha256Hex(bytes) === digest ? [] : [`${name} is ${bytes === null ? "gone" : "not what was stored"}`];
  };
  const list = await deps.blobs.get(blobKey.deliverable(org, sessionId));
  const problems = await wrong(blobKey.evidence(org, sessionId), evidenceDigest, "the evidence package");
  if (list === null) return [...problems, "the manifest of the deliverable is gone"];
  const { files } = manifest.parse(JSON.parse(new TextDecoder().decode(list)));
  const found = await pMap(files, ({ path, digest }) => wrong(blobKey.content(digest), digest, path), AT_ONCE);
  return [...problems, ...found.flat()];
}

/** When each constraint's detector last reported. An amended run has invariants of several specifications: the latest report counts. */
function detectorRuns(nodes: readonly StoredNode[], record: RunRecord | null, { verified }: Told): DetectorRun[] {
  const ranAt = new Map<string, number>();
  for (const { command, beadId } of record?.checks ?? []) {
    const at = verified.get(beadId);
    if (command !== undefined && at !== undefined) ranAt.set(command, Math.max(at, ranAt.get(command) ?? 0));
  }
  const runs = new Map<string, DetectorRun>();
  for (const { id, type, data } of nodes) {
    if (type !== "Invariant") continue;
    const { claimId, detector, violationImpact, freshForMs } = invariantNode.parse(data);
    const key = `${claimId} ${detector}`;
    const times = [ranAt.get(`detector:${id}`), runs.get(key)?.lastRunAt].filter((at) => typeof at === "number");
    const lastRunAt = times.length === 0 ? null : Math.max(...times);
    runs.set(key, { claimId, detector, violationImpact, ...(freshForMs === undefined ? {} : { freshForMs }), lastRunAt });
  }
  return [...runs.values()];
}
