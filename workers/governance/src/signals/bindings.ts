/** The signals' dependencies from the Worker's bindings. */
import { consoleLog } from "@factory/durable";
import { readSigningJwk } from "@factory/governance";
import { artifactGraphOf, signalDeskOf } from "@factory/schemas/rpc";
import type { PolicyDecision, PolicyRequest, SessionRegistryRpc } from "@factory/schemas/rpc";
import { Signals } from "./signals.ts";

/** How long a key record that was read may be answered from, in seconds: a revoked key works at most this long. */
const RECORD_CACHE_S = 60;

/** Policy's answers, one a request, in order. */
type Decide = (requests: readonly PolicyRequest[]) => readonly PolicyDecision[];

/** The signals of this Worker. @param decide - the policy engine, which runs in the same isolate */
export function signalsOf(env: Env, decide: Decide): Signals {
  return new Signals({
    decide: async (request) => {
      const [decision] = decide([request]);
      if (decision === undefined) throw new Error("The policy engine gave no answer.");
      return decision;
    },
    desk: (org) => signalDeskOf(env, org),
    records: (key) => env.CONFIG.get(key, { type: "json", cacheTtl: RECORD_CACHE_S }),
    // The commissioning Worker's entry class implements it.
    registry: env.COMMISSIONING as unknown as SessionRegistryRpc,
    graph: (org, assembly) => artifactGraphOf(env, org, assembly),
    signingKey: () => readSigningJwk(env.OUTBOUND_SIGNING_KEY, "OUTBOUND_SIGNING_KEY"),
    now: Date.now,
    log: consoleLog(),
  });
}
