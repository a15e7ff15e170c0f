/** A bead graph on real SQLite, and beads for it, for the tests of this package. */
import { migrate } from "@factory/durable";
import { ManualClock, MemoryLog, NodeSqliteStorage } from "@factory/durable/testing";
import type { StoragePort } from "@factory/durable";
import { contentId, FactoryError } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { KnowingStateBead, RetrievalFence } from "@factory/schemas/rpc";
import { BeadGraph } from "../bead-graph.ts";
import { BEAD_GRAPH_MIGRATIONS } from "../bead-schema.ts";

export const ORG = "acme";
export const ROLE = "nurse";
export const SUBJECT = "agent:nurse";
/** A moment before every test. */
export const PAST = "2020-01-01T00:00:00Z";

/** A moment in epoch milliseconds as beads write it. */
export const at = (ms: number): string => new Date(ms).toISOString();

/**
 * A graph with nothing in it.
 *
 * @param over - puts something between the graph and its database
 */
export function aGraph(over: (storage: NodeSqliteStorage) => StoragePort = (storage) => storage) {
  const storage = new NodeSqliteStorage();
  migrate(storage, BEAD_GRAPH_MIGRATIONS);
  const clock = new ManualClock();
  const log = new MemoryLog();
  const graph = new BeadGraph({ storage: over(storage), org: ORG, now: clock.now, log });
  const write = (bead: KnowingStateBead, fence?: RetrievalFence) => graph.write(bead, "person:ada", "SES-1", fence);
  const state = (session: Autonomy = "EXECUTE_FULL") => graph.retrieve(ROLE, SUBJECT, session);
  const fence = (): RetrievalFence => ({ role: ROLE, subjectId: SUBJECT, headsDigest: graph.heads(ROLE, SUBJECT) });
  return { storage, clock, log, graph, write, state, fence };
}

/** Parents of a bead, and what it supersedes, which becomes one of them. */
export type Links = { readonly parents?: readonly string[]; readonly supersedes?: string };

/** A bead with the id that its content has. */
export function aBead(type: KnowingStateBead["type"], content: KnowingStateBead["content"], links: Links = {}): KnowingStateBead {
  const parents = [...(links.parents ?? []), ...(links.supersedes === undefined ? [] : [links.supersedes])];
  return {
    id: contentId("KSB", { kind: type, org: ORG, content, parents }),
    type,
    content,
    parents,
    ...(links.supersedes === undefined ? {} : { supersedes: links.supersedes }),
    writtenBy: "person:ada",
    writtenAt: 1,
  };
}

type Overrides = Readonly<Record<string, unknown>>;

/** A policy of the role that allows everything from the past on. */
export const aPolicy = (overrides: Overrides = {}, links?: Links) =>
  aBead("policy", { scope: `role:${ROLE}`, rules: {}, autonomy: "EXECUTE_FULL", effective_at: PAST, ...overrides }, links);

/** The highest trust in the subject. */
export const aTrust = (overrides: Overrides = {}, links?: Links) =>
  aBead(
    "trust",
    { subject_id: SUBJECT, subject_type: "agent", status: "APPROVED", trust_score: 0.95, rationale: "it earned it", evidence_refs: [], ...overrides },
    links,
  );

/** Consent to two tools for the role. */
export const aConsent = (overrides: Overrides = {}, links?: Links) =>
  aBead("consent", { role_id: ROLE, grants: ["read_chart", "write_note"], status: "ACTIVE", granted_by: "person:ada", granted_at: PAST, ...overrides }, links);

/** That the subject set out under a policy and a trust. */
export const anExecution = (policy: KnowingStateBead, trust: KnowingStateBead, overrides: Overrides = {}) =>
  aBead(
    "execution",
    {
      subject_id: SUBJECT,
      action: "triage",
      autonomy_level: "PROPOSE",
      trust_bead_id: trust.id,
      policy_bead_id: policy.id,
      rationale: "",
      nonce: "1",
      ...overrides,
    },
    { parents: [policy.id, trust.id] },
  );

/** A proposed change, or what became of one. */
export const anAmendment = (overrides: Overrides = {}, links?: Links) =>
  aBead(
    "amendment",
    {
      target_id: "SPEC-1",
      target_type: "specification",
      proposed_change: { note: "more" },
      rationale: "",
      triggered_by: "DIV-1",
      status: "PROPOSED",
      ...overrides,
    },
    links,
  );

/** That a person has to look at a bead. */
export const anEscalation = (trigger: KnowingStateBead, overrides: Overrides = {}, links?: Links) =>
  aBead("escalation", { trigger_bead_id: trigger.id, reason: "unclear", escalated_to: "person:ada", ...overrides }, links);

/** The code that a call is refused with, or `none`. */
export function codeOf(call: () => unknown): string {
  return refusalOf(call)?.code ?? "none";
}

/** The error that a call is refused with. */
export function refusalOf(call: () => unknown): FactoryError | undefined {
  try {
    call();
  } catch (err) {
    if (err instanceof FactoryError) return err;
    throw err;
  }
  return undefined;
}

/** Beads in the store, audit beads included. */
export const count = (storage: StoragePort): number => storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM beads").toArray()[0]?.n ?? -1;

/** Changes a stored bead behind the store's back, as damage or an intruder with the file would. */
export function tamper(storage: StoragePort, id: string, content: string): void {
  storage.sql.exec("DROP TRIGGER IF EXISTS beads_never_change");
  storage.sql.exec("UPDATE beads SET content = ? WHERE id = ?", content, id);
}
