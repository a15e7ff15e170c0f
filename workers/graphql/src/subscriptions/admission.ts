/** Who a credential in `connection_init` proves: the same credentials, the same org, the same scope and the same policy as at the gateway's door. */
import { authenticate, policyPrincipal, requireScope, type CredentialDeps, type PolicyClient } from "@factory/governance";
import { refuse, type Result } from "@factory/schemas";
import type { Principal } from "../subscriber-shard.ts";

/** What it needs of its surroundings. */
export interface AdmissionDeps extends CredentialDeps {
  /** The org whose shard the socket is on. */
  readonly org: string;
  readonly policy: PolicyClient;
}

/** Name of the operation, as policy is asked for it; the gateway says the same of the sockets that it lets in itself. */
const OPERATION = "graphql";

/** A credential of another org is none here. */
export async function admitToOrg({ org, policy, ...deps }: AdmissionDeps, authorization: string | null): Promise<Result<{ principal: Principal }>> {
  const answer = await authenticate(authorization, deps);
  if (!answer.ok) return answer;
  const { principal } = answer;
  if (principal.org !== org) return refuse("UNAUTHENTICATED");
  const lacking = requireScope(principal, "session:read");
  if (lacking !== null) return lacking;
  const permitted = await policy.permit({
    principal: policyPrincipal(principal),
    action: "ReadSession",
    resource: { type: "Org", org, id: org },
    context: { operation: OPERATION },
  });
  return permitted.ok ? { ok: true, principal: { id: principal.id, scopes: [...principal.scopes] } } : permitted;
}
