/** What model calls came to. A call whose price is not known is counted and never priced at zero. */
import { sql } from "drizzle-orm";
import { modelCosts } from "../projections/schema.ts";
import { among, type OrgReads } from "./org-reads.ts";

/** What a number of calls came to. */
export type CostTotal = {
  readonly calls: number;
  /** Calls whose price is not known. */
  readonly unpricedCalls: number;
  /** Of the calls that told of them; null when none did. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** US dollars of the calls whose price is known; null when none is. */
  readonly costUsd: number | null;
  readonly durationMs: number;
};

/** Calls of one session by team, model and purpose. */
export type CostLine = CostTotal & {
  readonly sessionId: string;
  readonly team: string | null;
  readonly alias: string;
  readonly provider: string;
  readonly modelId: string;
  readonly purpose: string;
};

/** Calls of one session by bead. */
export type BeadCostLine = CostTotal & { readonly sessionId: string; readonly beadId: string | null };

const NOTHING: CostTotal = { calls: 0, unpricedCalls: 0, inputTokens: null, outputTokens: null, costUsd: null, durationMs: 0 };

const SUMS = {
  calls: sql<number>`count(*)`.as("calls"),
  unpricedCalls: sql<number>`sum(${modelCosts.costUsd} IS NULL)`.as("unpriced_calls"),
  inputTokens: sql<number | null>`sum(${modelCosts.inputTokens})`.as("input_tokens"),
  outputTokens: sql<number | null>`sum(${modelCosts.outputTokens})`.as("output_tokens"),
  costUsd: sql<number | null>`sum(${modelCosts.costUsd})`.as("cost_usd"),
  durationMs: sql<number>`coalesce(sum(${modelCosts.durationMs}), 0)`.as("duration_ms"),
};

/** The team of the bead that a call was made for. */
const TEAM = sql<string | null>`(SELECT worked.team FROM beads AS worked
  WHERE worked.session_id = model_costs.session_id AND worked.bead_id = model_costs.bead_id AND +worked.org = model_costs.org)`;

/** Lines of each session, in its order. */
export async function costsOfSessions(reads: OrgReads, sessionIds: readonly string[]): Promise<CostLine[][]> {
  const { sessionId, alias, provider, modelId, purpose, seq } = modelCosts;
  const key = { sessionId, alias, provider, modelId, purpose };
  const groupBy = [...Object.values(key), sql.raw("team")];
  // The fields are those of a line.
  const rows = (await reads.pick(
    modelCosts,
    { ...key, ...SUMS, team: TEAM.as("team") },
    { ofSessions: sessionIds, groupBy, orderBy: [sql`min(${seq})`] },
  )) as CostLine[];
  return ofEach(sessionIds, rows);
}

/** Lines of each session by bead, in its order: as many as it has beads. */
export async function beadCostsOfSessions(reads: OrgReads, sessionIds: readonly string[]): Promise<BeadCostLine[][]> {
  const { sessionId, beadId, seq } = modelCosts;
  const asked = { ofSessions: sessionIds, groupBy: [sessionId, beadId], orderBy: [sql`min(${seq})`] };
  // The fields are those of a line.
  return ofEach(sessionIds, (await reads.pick(modelCosts, { sessionId, beadId, ...SUMS }, asked)) as BeadCostLine[]);
}

function ofEach<L extends { readonly sessionId: string }>(sessionIds: readonly string[], lines: readonly L[]): L[][] {
  const grouped = Map.groupBy(lines, (line) => line.sessionId);
  return sessionIds.map((id) => grouped.get(id) ?? []);
}

/** Totals of beads. */
export async function totalsOfBeads(reads: OrgReads, keys: readonly { readonly sessionId?: string; readonly id: string }[]): Promise<CostTotal[]> {
  const { sessionId, beadId } = modelCosts;
  const sessions = keys.flatMap((key) => (key.sessionId === undefined ? [] : [key.sessionId]));
  const ids = keys.map(({ id }) => id);
  // The fields are those of a total, with the key of its bead.
  const rows = (await reads.pick(
    modelCosts,
    { sessionId, beadId, ...SUMS },
    { ofSessions: sessions, where: among(beadId, ids), groupBy: [sessionId, beadId] },
  )) as (CostTotal & { readonly sessionId: string; readonly beadId: string })[];
  const byKey = new Map(rows.map((row) => [`${row.sessionId}\n${row.beadId}`, row]));
  return keys.map((key) => byKey.get(`${key.sessionId ?? ""}\n${key.id}`) ?? NOTHING);
}

/** The sum of totals. */
export function sumOf(totals: readonly CostTotal[]): CostTotal {
  return totals.reduce(
    (sum, total) => ({
      calls: sum.calls + total.calls,
      unpricedCalls: sum.unpricedCalls + total.unpricedCalls,
      inputTokens: sumOfKnown(sum.inputTokens, total.inputTokens),
      outputTokens: sumOfKnown(sum.outputTokens, total.outputTokens),
      costUsd: sumOfKnown(sum.costUsd, total.costUsd),
      durationMs: sum.durationMs + total.durationMs,
    }),
    NOTHING,
  );
}

/** What is not known adds nothing, and of nothing that is known the sum is not known. */
const sumOfKnown = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b);

/** Totals by what names a part of the lines, in the order of their first line. */
export function totalsBy<L extends CostTotal>(
  lines: readonly L[],
  keyOf: (line: L) => string | null,
): { readonly key: string | null; readonly total: CostTotal }[] {
  return [...Map.groupBy(lines, keyOf)].map(([key, part]) => ({ key, total: sumOf(part) }));
}
