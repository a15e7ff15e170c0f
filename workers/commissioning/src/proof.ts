/** What proves each claim: the checks that were executed for it, or that there were none. */
import { RetryableError } from "@factory/durable";
import { claim } from "@factory/schemas";
import type { Claim } from "@factory/schemas";
import type { RunRecord } from "@factory/schemas/rpc";
import { absent, checkIdentity } from "@factory/verification/evidence";
import type { SessionContext } from "./context.ts";
import type { PersonClaims } from "./session-store.ts";

const NONE = absent("not recorded");

/** How a claim stands. `absent` and `not judged` are never read as passed. */
export type ClaimProof = {
  readonly claimId: string;
  readonly kind: Claim["kind"];
  readonly text: string;
  readonly line: number;
  readonly verdict: "passed" | "failed" | "decided by a person" | "not judged";
  readonly checks: readonly {
    readonly checkId: string;
    readonly kind: string;
    readonly ok: boolean;
    readonly holdout: boolean;
    readonly summary: string;
    readonly reportDigest: string;
  }[];
  readonly holdouts: { readonly status: "passed" | "failed" | "absent"; readonly count: number };
};

/** The claims of the current specification, in order; none before there is one. */
export async function currentClaims({ store, deps }: SessionContext): Promise<Claim[]> {
  const { specificationId } = store.requireSession();
  if (specificationId === null) return [];
  const { org, assembly } = store.request();
  const graph = deps.graph(org, assembly);
  const { out } = await graph.edgesOf(specificationId);
  const ids = out.filter(({ rel }) => rel === "composed_of").map(({ target }) => target);
  const nodes = await Promise.all(ids.map((id) => graph.get(id)));
  return nodes
    .map((node, index) => {
      if (node === null) throw new RetryableError(`The artifact graph does not have ${ids[index] ?? "a claim"} yet.`);
      return claim.parse(node.data);
    })
    .sort((a, b) => Number(a.claimId.slice(2)) - Number(b.claimId.slice(2)));
}

/** The proof of each claim, from the checks of the last tree: what a tree before it passed or failed is history. */
export function proofsOf(claims: readonly Claim[], record: RunRecord | null, personClaims: PersonClaims, approvedByPerson: boolean): ClaimProof[] {
  const persons = new Set(personClaims.map(({ claimId }) => claimId));
  return claims.map((claim) => {
    const { claimId, kind, text, line, holdout } = claim;
    const checks = checksOf(claim, claims, record);
    const hidden = checks.filter((check) => check.holdout);
    return {
      claimId,
      kind,
      text,
      line,
      verdict: verdictOf(checks, persons.has(claimId), approvedByPerson),
      checks,
      holdouts: { status: hidden.length === 0 ? "absent" : hidden.every(({ ok }) => ok) ? "passed" : "failed", count: holdout.length },
    };
  });
}

function verdictOf(checks: ClaimProof["checks"], person: boolean, approvedByPerson: boolean): ClaimProof["verdict"] {
  if (checks.some(({ ok }) => !ok)) return "failed";
  if (checks.length > 0 && !person) return "passed";
  return approvedByPerson ? "decided by a person" : "not judged";
}

/** Checks that decide a claim: its own, those of its function, and the tests it names. A check of something else is no proof. */
function checksOf(claim: Claim, claims: readonly Claim[], record: RunRecord | null): ClaimProof["checks"] {
  const lastTree = record?.checks.at(-1)?.treeDigest;
  const sameFunction = claims.filter(({ functionName }) => functionName !== undefined && functionName === claim.functionName);
  const own = new Set([claim.claimId, ...sameFunction.map(({ claimId }) => claimId)]);
  const decides = ({ claimId, kind, summary }: RunRecord["checks"][number]) =>
    claimId === undefined ? kind === "tests" && claim.testFiles.some((path) => summary.includes(path)) : own.has(claimId);
  return lastWords((record?.checks ?? []).filter((check) => check.treeDigest === lastTree && decides(check))).map(
    ({ checkId, kind, ok, holdout, summary, reportDigest }) => ({ checkId, kind, ok, holdout, summary, reportDigest }),
  );
}

/** A check that was run again on the same tree says what it said last. */
function lastWords(checks: RunRecord["checks"]): RunRecord["checks"] {
  const last = new Map(checks.map((check) => [identityOf(check), check]));
  return [...last.values()];
}

function identityOf({ checkId, claimId, kind, holdout, command }: RunRecord["checks"][number]): string {
  return checkIdentity({ checkId, kind, holdout, claimId: claimId ?? NONE, command: command ?? NONE });
}
