/**
 * The one way in: credential, scope, rate limit, policy, in this order and before a body is read. Every route that a principal calls
 * comes through here; a refusal has changed nothing.
 */
import { authenticate, isApiKey, policyPrincipal, requireScope, type AuthenticatedPrincipal } from "@factory/governance";
import { FactoryError, refuse, sha256Hex, type Refusal, type Result } from "@factory/schemas";
import type { PolicyContext, PolicyDecision, PolicyRequest, PolicyResource } from "@factory/schemas/rpc";
import type { Call } from "./call.ts";
import type { GatewayDeps } from "./deps.ts";
import type { Need } from "./needs.ts";
import { RETRY_AFTER_S } from "./refusal-response.ts";

/** Who asks, and by what. */
export type Asking = {
  /** The `Authorization` header, or what stands for it; null without one. */
  readonly credential: string | null;
  /** Address of the caller, see {@link addressOf}. */
  readonly address: string;
  /** Name of the operation, as policy is asked for it. */
  readonly operation: string;
};

/** The parts of the gateway that admission needs. */
type AdmissionDeps = Pick<GatewayDeps, "records" | "issuerKeys" | "now" | "admitPrincipalCall" | "admitAddressCall" | "policy" | "keyUses">;

/** The address that a request came from, as the platform in front says; calls without one are counted together. */
export function addressOf(headers: Headers): string {
  return headers.get("cf-connecting-ip") ?? "unknown";
}

/**
 * Lets a caller in. Sets the call's principal as soon as it is known, so that the call's event says who was refused.
 *
 * @returns UNAUTHENTICATED, PERMISSION_DENIED, RATE_LIMITED, POLICY_DENIED or UNAVAILABLE otherwise
 */
export async function admit(deps: AdmissionDeps, call: Call, asking: Asking, need: Need | undefined): Promise<Result<{ principal: AuthenticatedPrincipal }>> {
  const proved = await prove(deps, asking);
  if (!proved.ok) return proved;
  const { principal } = proved;
  call.principal = principal;
  if (need === undefined) return refuse("PERMISSION_DENIED", "No scope opens this method.");
  const lacking = need.scope === null ? null : requireScope(principal, need.scope);
  if (lacking !== null) return lacking;
  if (!(await deps.admitPrincipalCall(`${principal.org}:${principal.id}`))) return tooMany("The credential's holder has made too many calls.");
  if (need.action === null || need.inHandler === true) return proved;
  const permitted = await permit(deps, call, policyRequest(principal, need.action, orgResource(principal), { operation: asking.operation }));
  return permitted.ok ? proved : permitted;
}

/** Who a credential proves. Refusals are counted by address, so that guessing is bounded. */
async function prove(deps: AdmissionDeps, { credential, address }: Asking): Promise<Result<{ principal: AuthenticatedPrincipal }>> {
  const proved = await authenticated(credential, deps);
  if (!proved.ok) return proved.code === "UNAVAILABLE" ? proved : ((await countRefusal(deps, address)) ?? proved);
  const apiKey = credential?.trim().split(" ").at(-1) ?? "";
  if (isApiKey(apiKey)) deps.keyUses.note(proved.principal, sha256Hex(apiKey), deps.now());
  return proved;
}

/** Records that cannot be read say nothing about a credential: whoever holds it comes again, and is not counted with those who guess. */
async function authenticated(credential: string | null, deps: AdmissionDeps): ReturnType<typeof authenticate> {
  try {
    return await authenticate(credential, deps);
  } catch (err) {
    if (err instanceof FactoryError && err.code === "UNAVAILABLE") return err.toRefusal();
    throw err;
  }
}

/** Counts a call that proved nothing; the refusal of one too many, null otherwise. */
export async function countRefusal({ admitAddressCall }: Pick<AdmissionDeps, "admitAddressCall">, address: string): Promise<Refusal | null> {
  return (await admitAddressCall(address)) ? null : tooMany("Too many calls without a credential that is valid came from this address.");
}

/** Asks policy for one permit, and has the call's event say what decided. */
export async function permit({ policy }: Pick<AdmissionDeps, "policy">, call: Call, request: PolicyRequest): Promise<Result<{ decision: PolicyDecision }>> {
  const answer = await policy.permit(request);
  if (answer.ok) call.decided(answer.decision);
  else call.note(answer.details ?? {});
  return answer;
}

/** What policy is asked. */
export function policyRequest(
  principal: AuthenticatedPrincipal,
  action: PolicyRequest["action"],
  resource: PolicyResource,
  context: PolicyContext,
): PolicyRequest {
  return { principal: policyPrincipal(principal), action, resource, context };
}

/** The caller's organisation: what a call is about before its message is read. */
export function orgResource({ org }: Pick<AuthenticatedPrincipal, "org">): PolicyResource {
  return { type: "Org", org, id: org };
}

function tooMany(why: string): Refusal {
  return refuse("RATE_LIMITED", `${why} Wait for ${RETRY_AFTER_S} seconds.`);
}
