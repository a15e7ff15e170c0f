/**
 * Asking policy from an edge: within a deadline, closed when there is no answer. Answers that let somebody read are kept for a
 * moment, so that a page of many reads asks once.
 */
import { refuse, type Result } from "@factory/schemas";
import type { DecisionRecord, PolicyDecision, PolicyRequest, PolicyRpc } from "@factory/schemas/rpc";

/** Longest wait for policy, in milliseconds. A decision takes a fraction of one; a cold start takes hundreds. */
export const POLICY_DEADLINE_MS = 3_000;
/** How long a decision that lets somebody read is kept, in milliseconds: a policy that takes it away takes effect this much later at most. */
export const READ_DECISION_TTL_MS = 5_000;
/** Decisions that one isolate keeps; the one kept longest goes first. A decision and its key are some hundred bytes. */
const MAX_KEPT = 1_000;

/** What asking policy needs of its surroundings. */
export interface PolicyClientDeps {
  readonly decide: PolicyRpc["decide"];
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  /** In milliseconds; {@link POLICY_DEADLINE_MS} unless told. */
  readonly deadlineMs?: number;
}

/** A decision as it is kept with what it allowed. */
export function decisionRecord({ decisionId, policies, policySet }: PolicyDecision): DecisionRecord {
  return { decisionId, policies, policySet };
}

/** Asks the policy decision point. One an isolate. */
export class PolicyClient {
  readonly #deps: PolicyClientDeps;
  /** Not persisted: permits of reads by their request, kept longest first. */
  readonly #reads = new Map<string, { readonly decision: PolicyDecision; readonly until: number }>();

  constructor(deps: PolicyClientDeps) {
    this.#deps = deps;
  }

  /** A decision that permits. Refuses POLICY_DENIED with the policies' reason, and UNAVAILABLE when policy cannot be asked. */
  async permit(request: PolicyRequest): Promise<Result<{ decision: PolicyDecision }>> {
    const key = request.action === "ReadSession" ? JSON.stringify(request) : null;
    const kept = key === null ? undefined : this.#reads.get(key);
    if (kept !== undefined && this.#deps.now() < kept.until) return { ok: true, decision: kept.decision };
    const answer = await this.decide([request]);
    if (!answer.ok) return answer;
    const [decision] = answer.decisions;
    if (decision?.allowed !== true) return denied(decision);
    if (key !== null) this.#keep(key, decision);
    return { ok: true, decision };
  }

  /** One decision a request, in order. Refuses UNAVAILABLE when policy does not answer in time, or not with as many. */
  async decide(requests: readonly PolicyRequest[]): Promise<Result<{ decisions: readonly PolicyDecision[] }>> {
    const { deadlineMs = POLICY_DEADLINE_MS } = this.#deps;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
    });
    try {
      const decisions = await Promise.race([this.#deps.decide(requests), late]);
      if (decisions.length !== requests.length) throw new Error(`${decisions.length} answers to ${requests.length} questions`);
      return { ok: true, decisions };
    } catch (err) {
      return refuse("UNAVAILABLE", "Policy could not be asked, so nothing was done. Try again.", { policy: err instanceof Error ? err.message : String(err) });
    } finally {
      clearTimeout(timer);
    }
  }

  #keep(key: string, decision: PolicyDecision): void {
    this.#reads.delete(key);
    this.#reads.set(key, { decision, until: this.#deps.now() + READ_DECISION_TTL_MS });
    const [eldest] = this.#reads.keys();
    if (this.#reads.size > MAX_KEPT && eldest !== undefined) this.#reads.delete(eldest);
  }
}

/** The refusal of a denial, which says why and which policies said so. */
export function denied(decision: PolicyDecision | undefined): ReturnType<typeof refuse> {
  const { reason = "", policies = [], decisionId } = decision ?? {};
  return refuse("POLICY_DENIED", reason === "" ? undefined : reason, { policies, decisionId });
}
