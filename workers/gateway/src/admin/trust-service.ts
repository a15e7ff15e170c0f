/** The methods of `factory.v1.FactoryAdmin` that change how far a subject is trusted. */
import { FactoryError } from "@factory/schemas";
import { TrustStatus, type RevokeTrustRequest, type SetTrustRequest } from "@factory/schemas/proto";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import type { GatewayDeps } from "../deps.ts";
import { expiryProblems, refuseProblems } from "./field-problems.ts";
import { changeHead, type Plan } from "./governed-write.ts";
import type { CallScope } from "../sessions.ts";
import { planRevocation, planTrust, rationaleProblems, scoreProblems, subjectProblems, trustOf, type WantedTrust } from "./trust-changes.ts";

type ShownTrust = { status: string; score: number; rationale: string; expiresAt: string };
/** What both methods answer. */
type TrustAnswer = { changed: boolean; beadId: string; previousBeadId: string; previous?: ShownTrust; trust?: ShownTrust };

/** Puts a subject's trust at a score. @throws FactoryError INVALID_ARGUMENT with every problem, STALE_TARGET */
export async function setTrust(deps: GatewayDeps, scope: CallScope, request: SetTrustRequest): Promise<TrustAnswer> {
  const { subjectId, score, rationale, expiresAt } = request;
  refuseProblems([...subjectProblems(subjectId), ...scoreProblems(score), ...rationaleProblems(rationale), ...expiryProblems(expiresAt, deps.now())]);
  const wanted: WantedTrust = {
    subjectId,
    status: statusOf(request.status),
    // The check above refuses a call without a score.
    score: score ?? 0,
    rationale: rationale.trim(),
    ...(expiresAt === "" ? {} : { expiry: expiresAt }),
  };
  return changeTrust(deps, scope, subjectId, (head) => planTrust(head, wanted));
}

/** Ends the trust in a subject. @throws FactoryError INVALID_ARGUMENT with every problem, STALE_TARGET */
export async function revokeTrust(deps: GatewayDeps, scope: CallScope, { subjectId, rationale }: RevokeTrustRequest): Promise<TrustAnswer> {
  refuseProblems([...subjectProblems(subjectId), ...rationaleProblems(rationale)]);
  return changeTrust(deps, scope, subjectId, (head) => planRevocation(head, subjectId, rationale.trim()));
}

async function changeTrust(deps: GatewayDeps, scope: CallScope, subject: string, planFor: (head: KnowingStateBead | null) => Plan): Promise<TrustAnswer> {
  const writer = { graph: deps.beadGraph(scope.principal.org), scope, now: deps.now };
  const { plan, bead, previous } = await changeHead(writer, { type: "trust", subject }, planFor);
  return { changed: plan.changed, beadId: bead?.id ?? "", previousBeadId: previous?.id ?? "", ...shown("previous", previous), ...shown("trust", bead) };
}

function shown(field: "previous" | "trust", bead: KnowingStateBead | null): { [F in "previous" | "trust"]?: ShownTrust } {
  const content = trustOf(bead);
  if (content === null) return {};
  return { [field]: { status: content.status, score: content.trust_score, rationale: content.rationale, expiresAt: content.expiry ?? "" } };
}

function statusOf(status: TrustStatus): "APPROVED" | "SUSPENDED" {
  switch (status) {
    case TrustStatus.UNSPECIFIED:
    case TrustStatus.APPROVED:
      return "APPROVED";
    case TrustStatus.SUSPENDED:
      return "SUSPENDED";
    default:
      // A number that only a newer client knows.
      throw new FactoryError("INVALID_ARGUMENT", "status must be APPROVED or SUSPENDED.");
  }
}
