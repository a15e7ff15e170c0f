/** The method of `factory.v1.FactoryAdmin` that puts a policy in force, or shows what it would change. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { orgScope, roleScope } from "@factory/bead-graph";
import { FactoryError, ROLES } from "@factory/schemas";
import type { ApplyPolicyRequest, ApplyPolicyResponseSchema } from "@factory/schemas/proto";
import type { BeadGraphRpc, BeadLine, KnowingStateBead } from "@factory/schemas/rpc";
import { abortable } from "../abortable.ts";
import type { GatewayDeps } from "../deps.ts";
import { problemsError } from "./field-problems.ts";
import { changeHead, type Change } from "./governed-write.ts";
import { planPolicy, policyOf, shownPolicy, type PolicyPlan } from "./policy-changes.ts";
import { checkPolicy } from "./policy-check.ts";
import type { CallScope } from "../sessions.ts";

/** Beads of a line that are counted in one call. */
const COUNTED_BEADS = 200;

/** @throws FactoryError INVALID_ARGUMENT with every problem; STALE_TARGET when the head is not the expected one */
export async function applyPolicy(
  deps: GatewayDeps,
  scope: CallScope,
  { policy, dryRun, expectedHead }: ApplyPolicyRequest,
): Promise<MessageInitShape<typeof ApplyPolicyResponseSchema>> {
  if (policy === undefined) throw new FactoryError("INVALID_ARGUMENT", "policy is missing.");
  const { wanted, problems } = checkPolicy(policy, deps.now());
  if (wanted === null) throw problemsError(problems);
  const graph = deps.beadGraph(scope.principal.org);
  const line: BeadLine = { type: "policy", subject: wanted.scope };
  const change = await changeHead({ graph, scope, now: deps.now, dryRun }, line, (head) => {
    if (expectedHead !== undefined && expectedHead !== (head?.id ?? "")) throw movedHead(wanted.scope, head);
    return planPolicy(head, wanted, deps.now());
  });
  const [version, notes] = await abortable(scope.signal, Promise.all([versionOf(graph, line, change), scopeNotes(graph, wanted.scope)]));
  return answerOf(change, version, [...change.plan.notes, ...notes]);
}

function movedHead(scope: string, head: KnowingStateBead | null): FactoryError {
  return new FactoryError("STALE_TARGET", `The policy of ${scope} is now ${head?.id ?? "none"}; look at what it says and apply yours again.`);
}

/** Place of the answered bead in its line: one after the head that it follows, or that of the head. */
async function versionOf(graph: BeadGraphRpc, line: BeadLine, { plan, previous }: Change<PolicyPlan>): Promise<number> {
  if (previous === null) return 1;
  let version = plan.changed ? 2 : 1;
  // Counted from the head backwards, so what others have written since does not count.
  let page = await graph.history(line, COUNTED_BEADS, previous.id);
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    version += page.length;
    page = await graph.history(line, COUNTED_BEADS, last.id);
  }
  return version;
}

/** A policy of the organisation governs only the roles that have none of their own. */
async function scopeNotes(graph: BeadGraphRpc, scope: string): Promise<string[]> {
  if (scope !== orgScope) return [];
  const tips = await Promise.all(ROLES.map(async (role) => ({ role, tip: await graph.tip({ type: "policy", subject: roleScope(role) }) })));
  const own = tips.filter(({ tip }) => tip !== null).map(({ role }) => roleScope(role));
  return own.length === 0 ? [] : [`${own.join(", ")} ${own.length === 1 ? "has a policy of its own, which wins" : "have policies of their own, which win"}.`];
}

function answerOf({ plan, bead, previous }: Change<PolicyPlan>, version: number, notes: string[]): MessageInitShape<typeof ApplyPolicyResponseSchema> {
  const before = policyOf(previous);
  return {
    changed: plan.changed,
    beadId: bead?.id ?? "",
    previousBeadId: previous?.id ?? "",
    ...(before === null ? {} : { previous: shownPolicy(before) }),
    policy: shownPolicy(plan.content),
    version,
    notes,
  };
}
