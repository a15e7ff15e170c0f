/** The methods of `factory.v1.FactoryAdmin` that change which tools a role may call. */
import type { RevokeConsentRequest, SetConsentRequest } from "@factory/schemas/proto";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import { consentOf, grantProblems, grantsInForce, planConsent, planConsentRevocation, roleProblems, type Granter } from "./consent-changes.ts";
import type { GatewayDeps } from "../deps.ts";
import { expiryProblems, refuseProblems } from "./field-problems.ts";
import { changeHead, type Plan } from "./governed-write.ts";
import type { CallScope } from "../sessions.ts";

type ShownConsent = { status: string; grants: string[]; grantedBy: string; grantedAt: string; expiresAt: string };
/** What both methods answer. */
type ConsentAnswer = {
  changed: boolean;
  beadId: string;
  previousBeadId: string;
  previous?: ShownConsent;
  consent?: ShownConsent;
  added: string[];
  removed: string[];
};
/** Plans a change on a head for whoever makes it. */
type Planner = (head: KnowingStateBead | null, granter: Granter) => Plan;

/** Gives a role consent to tools and no others. @throws FactoryError INVALID_ARGUMENT with every problem, STALE_TARGET */
export async function setConsent(deps: GatewayDeps, scope: CallScope, { role, grants, expiresAt }: SetConsentRequest): Promise<ConsentAnswer> {
  refuseProblems([...roleProblems(role), ...grantProblems(role, grants), ...expiryProblems(expiresAt, deps.now())]);
  const wanted = { role, grants, ...(expiresAt === "" ? {} : { expiry: expiresAt }) };
  return changeConsent(deps, scope, role, (head, granter) => planConsent(head, wanted, granter));
}

/** Ends the consent to a role. @throws FactoryError INVALID_ARGUMENT with every problem, STALE_TARGET */
export async function revokeConsent(deps: GatewayDeps, scope: CallScope, { role }: RevokeConsentRequest): Promise<ConsentAnswer> {
  refuseProblems(roleProblems(role));
  return changeConsent(deps, scope, role, (head, granter) => planConsentRevocation(head, role, granter));
}

async function changeConsent(deps: GatewayDeps, scope: CallScope, role: string, planFor: Planner): Promise<ConsentAnswer> {
  const { org, id } = scope.principal;
  const writer = { graph: deps.beadGraph(org), scope, now: deps.now };
  const { plan, bead, previous } = await changeHead(writer, { type: "consent", subject: role }, (head) => planFor(head, { id, at: deps.now() }));
  const [before, after] = [grantsInForce(previous, deps.now()), grantsInForce(bead, deps.now())];
  return {
    changed: plan.changed,
    beadId: bead?.id ?? "",
    previousBeadId: previous?.id ?? "",
    ...shown("previous", previous),
    ...shown("consent", bead),
    added: after.filter((name) => !before.includes(name)),
    removed: before.filter((name) => !after.includes(name)),
  };
}

function shown(field: "previous" | "consent", bead: KnowingStateBead | null): { [F in "previous" | "consent"]?: ShownConsent } {
  const content = consentOf(bead);
  if (content === null) return {};
  const { status, grants, granted_by: grantedBy, granted_at: grantedAt, expires_at: expiresAt = "" } = content;
  return { [field]: { status, grants, grantedBy, grantedAt, expiresAt } };
}
