/** The Worker of the operative's tests on the real runtime: the operative itself, and neighbours that record. */
import { DurableObject } from "cloudflare:workers";
import { checkJob } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import type { BeadOutcome, ClaimedBead, CoordinatorRpc, ExchangeAnswer, KnowingState } from "@factory/schemas/rpc";
import { HEADS, KNOWING_STATE, POLICY, TRUST } from "./builders.ts";

export { OperativeDO } from "../operative-do.ts";

/** Hands out what a test offers and keeps what comes back, each effect once. */
export class ProbeCoordinatorDO extends DurableObject implements Pick<CoordinatorRpc, "exchange" | "heartbeat"> {
  readonly #offers: ClaimedBead[] = [];
  readonly #applied = new Map<string, BeadOutcome>();

  async offer(bead: ClaimedBead): Promise<void> {
    this.#offers.push(bead);
  }

  async applied(): Promise<string> {
    return JSON.stringify([...this.#applied.values()]);
  }

  async exchange(_slot: number, outcomes: readonly BeadOutcome[], want: number): Promise<Result<ExchangeAnswer>> {
    for (const outcome of outcomes) this.#applied.set(outcome.effectId, outcome);
    const beads = this.#offers.splice(0, want);
    const verdicts = outcomes.map(({ beadId, epoch }) => ({ beadId, epoch, accepted: true, state: "DONE" as const, reason: "taken" }));
    return { ok: true, verdicts, beads, work: beads.length > 0 ? "ready" : "complete" };
  }

  async heartbeat(): Promise<{ current: boolean; leaseUntil: number }> {
    return { current: true, leaseUntil: Date.now() };
  }
}

/** Lets the agent execute within bounds and takes every bead. */
export class ProbeBeadGraphDO extends DurableObject {
  async retrieve(): Promise<KnowingState> {
    return {
      knowingStateId: KNOWING_STATE,
      policyBeadId: POLICY,
      trustBeadId: TRUST,
      consentBeadId: null,
      grants: ["read_file", "write_file", "run_checks"],
      autonomy: "EXECUTE_BOUNDED",
      headsDigest: HEADS,
      retrievedAt: Date.now(),
    };
  }

  async write(bead: { readonly id: string }): Promise<Result<{ beadId: string; auditBeadId: string }>> {
    return { ok: true, beadId: bead.id, auditBeadId: bead.id };
  }
}

export default {
  /** The sandbox's side of a check: every test file of the job has one passed test. */
  async fetch(request) {
    const job = checkJob.parse(await request.json());
    const files = job.task.kind === "tests" ? job.task.files : [];
    const tests = files.map((file) => ({ file, name: "line 1 #1: it works", state: "passed", durationMs: 1 }));
    return Response.json({ jobId: job.jobId, ok: true, tests, diagnostics: [], console: "", droppedOutput: 0, durationMs: 1 });
  },
} satisfies ExportedHandler;
