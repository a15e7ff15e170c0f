/**
 * The last comparison before a change set counts: whether what governs its agent is still what the agent was told when it
 * began. The bead graph is asked, never a copy of it, and no answer opens nothing.
 */
import { fullJitterMs, messageOf, withDeadline } from "@factory/durable";
import type { BackoffPolicy, Random, StartTimeout } from "@factory/durable";
import { agentIdOf } from "@factory/gears";
import type { Role } from "@factory/schemas";
import type { BeadGraphRpc } from "@factory/schemas/rpc";

/** What the fence needs. */
export interface FenceDeps {
  /** The heads that govern an agent now, of the run's org. */
  readonly heads: BeadGraphRpc["heads"];
  readonly random: Random;
  readonly startTimeout: StartTimeout;
  /** Resolves after that many milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
}

/** What the comparison found. */
export type Fence = { readonly kind: "held" } | { readonly kind: "moved"; readonly reason: string } | { readonly kind: "unknown"; readonly message: string };

/** Tries before the outcome is given back: the work it would throw away costs more than a second of patience. */
export const FENCE_TRIES = 3;
const FENCE_BACKOFF: BackoffPolicy = { baseMs: 250, capMs: 2_000 };
/** Longest wait for one answer, in milliseconds: it is one indexed read. */
const FENCE_TIMEOUT_MS = 10_000;
/** Characters of a digest that a person reads. */
const SHOWN_DIGEST_CHARS = 12;

/** Compares the heads that govern a role's agent now with those of a retrieval. */
export async function compareHeads({ heads, random, startTimeout, sleep }: FenceDeps, role: Role, headsDigest: string): Promise<Fence> {
  const agentId = agentIdOf(role);
  let message = "";
  for (let tries = 1; tries <= FENCE_TRIES; tries++) {
    try {
      const now = await withDeadline("The bead graph", FENCE_TIMEOUT_MS, () => heads(role, agentId), startTimeout);
      return now === headsDigest ? { kind: "held" } : { kind: "moved", reason: movedReason(agentId, headsDigest, now) };
    } catch (err) {
      message = messageOf(err);
    }
    if (tries < FENCE_TRIES) await sleep(fullJitterMs(tries, FENCE_BACKOFF, random));
  }
  return { kind: "unknown", message: `What governs ${agentId} could not be compared: ${message}` };
}

function movedReason(agentId: string, before: string, after: string): string {
  const shown = (digest: string): string => digest.slice(0, SHOWN_DIGEST_CHARS);
  return `The policy, trust or consent of ${agentId} moved while it worked: its heads were ${shown(before)} and are ${shown(after)}.`;
}
