/** Who a credential in `connection_init` proves: the same keys, the same org and the same scope as at the gateway's door. */
import { authenticate, requireScope, type RecordLookup } from "@factory/governance";
import { refuse, type Result } from "@factory/schemas";
import type { Principal } from "../subscriber-shard.ts";

/** What it needs of its surroundings. */
export interface AdmissionDeps {
  /** The org whose shard the socket is on. */
  readonly org: string;
  readonly records: RecordLookup;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** A key of another org is no key here. */
export async function admitToOrg({ org, records, now }: AdmissionDeps, authorization: string | null): Promise<Result<{ principal: Principal }>> {
  const answer = await authenticate(authorization, records, now());
  if (!answer.ok) return answer;
  const { principal } = answer;
  if (principal.org !== org) return refuse("UNAUTHENTICATED");
  return requireScope(principal, "session:read") ?? { ok: true, principal: { id: principal.id, scopes: [...principal.scopes] } };
}
