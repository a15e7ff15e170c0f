/**
 * One attempt at one bead: knowing-state, workspace, agent loop, change set. It answers with a result in every case but
 * one: on a lease that has passed nothing is brought back.
 */
import { messageOf, RetryableError } from "@factory/durable";
import type { Log, StartTimeout, StoragePort } from "@factory/durable";
import { agentIdOf, isToolName, knowingStateBeadId } from "@factory/gears";
import { modelFailureOf } from "@factory/models";
import type { ResolvedModel } from "@factory/models";
import { AUTONOMY, FactoryError } from "@factory/schemas";
import type { ErrorCode } from "@factory/schemas";
import type { BeadGraphRpc, BeadOutcome, ClaimedBead, CoordinatorRpc, FailureClass, KnowingState, KnowingStateBead } from "@factory/schemas/rpc";
import type { Sandbox } from "@factory/verification";
import { SPEC_FOLDER, Workspace } from "@factory/workspace";
import type { BlobStore } from "@factory/workspace";
import { runAgent } from "./agent-loop.ts";
import { AttemptControl, AttemptStopped } from "./attempt-control.ts";
import type { Stop } from "./attempt-control.ts";
import { CheckRunner } from "./check-runner.ts";
import { ConsentGate } from "./consent-gate.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import type { OperativeStore } from "./operative-store.ts";
import { systemPrompt, userPrompt } from "./prompts.ts";
import { recordedModel } from "./recorded-model.ts";
import { clarificationReport } from "./report.ts";
import { AttemptTools } from "./tools.ts";

/** What an attempt needs of its surroundings. */
export interface AttemptDeps {
  readonly storage: StoragePort;
  readonly store: OperativeStore;
  readonly coordinator: Pick<CoordinatorRpc, "heartbeat">;
  /** Of the run's org. */
  readonly beadGraph: Pick<BeadGraphRpc, "retrieve" | "write">;
  readonly blobs: BlobStore;
  readonly sandbox: Sandbox;
  /** @throws FactoryError MODEL_CONFIG when the alias cannot be used. */
  readonly resolveModel: (alias: string) => ResolvedModel;
  /** Removes what must not leave the object from a text that came from outside, such as a server's error. */
  readonly hideSecrets: (text: string) => string;
  readonly log: Log;
  readonly now: () => number;
  readonly startTimeout: StartTimeout;
}

/** The work and its bounds. */
export type AttemptRequest = {
  readonly org: string;
  readonly runId: string;
  readonly bead: ClaimedBead;
  readonly executionId: string;
  /** Longest attempt in milliseconds. */
  readonly timeoutMs: number;
  /** Aborted when the object's own run is over. */
  readonly signal: AbortSignal;
};

type Result = BeadOutcome["result"];

/** How an attempt ended; null: its lease had passed, and nothing is brought back. */
export type AttemptEnd = { readonly result: Result | null; readonly denials: BeadOutcome["consentDenials"]; readonly checkMs: number };

type Governed = { readonly ok: true; readonly knowing: KnowingState; readonly executionBeadId: string } | { readonly ok: false; readonly message: string };

/** Times the bead graph is asked: a call that is lost once is no reason to fail a bead for good. */
const GOVERNANCE_TRIES = 3;
/** Characters of a failure's message; it goes into rows, events and the next prompt. */
const MAX_MESSAGE_CHARS = 1_000;

/** Makes the attempt. @throws RetryableError when it could not begin; nothing was done then. */
export async function makeAttempt(deps: AttemptDeps, request: AttemptRequest): Promise<AttemptEnd> {
  const { bead } = request;
  const control = new AttemptControl(request.timeoutMs, request.signal, deps.startTimeout);
  const heartbeat = (): ReturnType<CoordinatorRpc["heartbeat"]> => deps.coordinator.heartbeat(bead.beadId, bead.epoch);
  const lease = new LeaseKeeper({ heartbeat, startTimeout: deps.startTimeout, now: deps.now, log: deps.log }, control);
  try {
    await beginLease(lease);
    return await new Attempt(deps, request, control, lease).make();
  } finally {
    control.dispose();
    await lease.end();
  }
}

/** Work on a lease that nobody can confirm would only cost money; the run is tried again. */
async function beginLease(lease: LeaseKeeper): Promise<void> {
  try {
    await lease.begin();
  } catch (err) {
    throw new RetryableError(`The lease could not be confirmed: ${messageOf(err)}`, { cause: err });
  }
}

class Attempt {
  readonly #deps: AttemptDeps;
  readonly #request: AttemptRequest;
  readonly #control: AttemptControl;
  readonly #lease: LeaseKeeper;
  #denials: BeadOutcome["consentDenials"] = [];
  #checks: CheckRunner | undefined;

  constructor(deps: AttemptDeps, request: AttemptRequest, control: AttemptControl, lease: LeaseKeeper) {
    this.#deps = deps;
    this.#request = request;
    this.#control = control;
    this.#lease = lease;
  }

  async make(): Promise<AttemptEnd> {
    const result = await this.#result();
    return { result, denials: this.#denials, checkMs: this.#checks?.spentMs ?? 0 };
  }

  async #result(): Promise<Result | null> {
    const { store, now } = this.#deps;
    const { bead, executionId } = this.#request;
    try {
      this.#control.check();
      // From here on an end without an outcome is an interruption.
      store.begin(bead, executionId, now());
      return await this.#work();
    } catch (err) {
      const { reason } = this.#control;
      if (reason !== undefined) return this.#stopped(reason);
      return this.#failed(err);
    }
  }

  async #work(): Promise<Result> {
    const { runId, bead, executionId } = this.#request;
    const { directive } = bead;
    if (directive.runId !== runId) return this.#failure("governance", "GOVERNANCE_VIOLATION", `The directive belongs to ${directive.runId}.`);
    if (directive.role === "verifier:outcome") return this.#failure("governance", "GOVERNANCE_VIOLATION", "No operative may carry out an outcome bead.");
    const state = await this.#governed();
    if (!state.ok) return this.#failure("governance", "GOVERNANCE_VIOLATION", state.message);
    const { knowingStateId, headsDigest, grants } = state.knowing;
    this.#deps.store.govern(executionId, { knowingStateId, headsDigest, executionBeadId: state.executionBeadId });
    const permitted = directive.toolPolicy.permitted.filter((name) => isToolName(name) && grants.includes(name));
    return this.#runAgent(permitted, headsDigest);
  }

  async #runAgent(permitted: readonly string[], headsDigest: string): Promise<Result> {
    const { store, now, sandbox, startTimeout } = this.#deps;
    const { runId, bead, executionId } = this.#request;
    const { directive, beadId, epoch } = bead;
    const control = this.#control;
    const lease = this.#lease;
    const workspace = this.#workspace();
    const gate = new ConsentGate({ write: (record) => store.addConsent(executionId, record, now()) }, { runId, beadId, epoch, headsDigest, permitted });
    this.#denials = gate.denials;
    const resolved = this.#deps.resolveModel(directive.model.alias);
    const context = { beadId, purpose: directive.role, budgetUsd: directive.budgetUsd };
    const model = recordedModel(resolved, context, { control, lease, gate, record: (call) => store.addModelCall(executionId, call), now });
    const pause = (ms: number): Promise<void> => control.race(new Promise((resolve) => void startTimeout(ms, resolve)));
    const checks = new CheckRunner({ sandbox, pause, now }, bead, workspace);
    this.#checks = checks;
    const tools = new AttemptTools({ workspace, checks, gate, control, lease });
    const loop = { model, tools: tools.toolSet(permitted), toolsExhausted: () => tools.exhausted, control };
    const answer = await runAgent(loop, systemPrompt(directive, permitted), userPrompt(bead));
    if (!answer.ok) return this.#failure("quality", "MODEL_OUTPUT_INVALID", `The report could not be read after one repair: ${answer.issues.join("; ")}`);
    const { report } = answer;
    // Only finished work is brought back: an attempt that gave up is repeated from a fresh workspace.
    if (report.status !== "COMPLETE") return { kind: "task", task: report, changeSet: [] };
    return { kind: "task", task: report, changeSet: await control.race(workspace.changeSet()) };
  }

  #workspace(): Workspace {
    const { storage, blobs } = this.#deps;
    const { directive, tree } = this.#request.bead;
    // A workspace takes paths below `spec/`; a directive may name them from the workspace's root.
    const specFiles = directive.specFiles.map(({ path, content }) => ({
      path: path.startsWith(`${SPEC_FOLDER}/`) ? path.slice(SPEC_FOLDER.length + 1) : path,
      content,
    }));
    return Workspace.fresh({ storage, blobs, tree, scope: directive.fileScope, specFiles });
  }

  /**
   * Asks what governs the agent and notes in the bead graph that it sets out to act under it. Whatever cannot be read or
   * written opens nothing; a call that is lost once is repeated.
   */
  async #governed(): Promise<Governed> {
    const { role } = this.#request.bead.directive;
    let message = "";
    for (let attempt = 1; attempt <= GOVERNANCE_TRIES; attempt++) {
      try {
        const knowing = await this.#control.race(this.#deps.beadGraph.retrieve(role, agentIdOf(role), "EXECUTE_BOUNDED"));
        if (AUTONOMY.indexOf(knowing.autonomy) >= AUTONOMY.indexOf("EXECUTE_BOUNDED")) return await this.#setOut(knowing);
        return { ok: false, message: `The knowing-state of ${agentIdOf(role)} allows ${knowing.autonomy}; work needs EXECUTE_BOUNDED.` };
      } catch (err) {
        this.#control.check();
        message = `The bead graph did not answer for ${agentIdOf(role)}: ${messageOf(err)}`;
      }
    }
    return { ok: false, message };
  }

  async #setOut(knowing: KnowingState): Promise<Governed> {
    const { org, runId, executionId, bead } = this.#request;
    const { policyBeadId, trustBeadId, autonomy } = knowing;
    if (policyBeadId === null || trustBeadId === null) return { ok: false, message: "The knowing-state has no policy or no trust bead." };
    const agentId = agentIdOf(bead.directive.role);
    const content = {
      subject_id: agentId,
      action: "execute",
      autonomy_level: autonomy,
      policy_bead_id: policyBeadId,
      trust_bead_id: trustBeadId,
      rationale: bead.directive.title,
      // Two executions of one directive differ by it; a repeated call does not.
      nonce: executionId,
      artifact_graph_execution_id: executionId,
    };
    const parents = [policyBeadId, trustBeadId];
    const id = knowingStateBeadId(org, "execution", content, parents);
    const executionBead: KnowingStateBead = { id, type: "execution", content, parents, writtenBy: agentId, writtenAt: this.#deps.now() };
    const written = await this.#control.race(this.#deps.beadGraph.write(executionBead, agentId, runId));
    return written.ok ? { ok: true, knowing, executionBeadId: id } : { ok: false, message: `The execution bead was refused: ${written.message}` };
  }

  #stopped(reason: Stop): Result | null {
    switch (reason.kind) {
      case "stale":
        return null;
      case "timeout":
        return this.#failure("timeout", "DEADLINE_EXCEEDED", `The attempt was not finished after ${reason.afterMs} ms.`);
      case "interrupted":
      case "broken":
        return this.#failure("infrastructure", "UNAVAILABLE", reason.message);
      case "denied":
        return this.#failure("governance", "GOVERNANCE_VIOLATION", reason.message);
      case "budget":
        return this.#failure("governance", "BUDGET_EXHAUSTED", `The attempt spent ${reason.spentUsd} US dollars of ${reason.budgetUsd}.`);
      case "clarification":
        return { kind: "task", task: clarificationReport(reason.question), changeSet: [] };
      default:
        return reason satisfies never;
    }
  }

  #failed(err: unknown): Result {
    if (err instanceof AttemptStopped) throw err;
    if (err instanceof FactoryError && err.code !== "MODEL_CONFIG") return this.#failure("infrastructure", err.code, err.message);
    const { code, message } = modelFailureOf(err);
    return this.#failure(code === "INTERNAL" ? "infrastructure" : "provider", code === "DEADLINE_EXCEEDED" ? "MODEL_UNAVAILABLE" : code, message);
  }

  #failure(failureClass: FailureClass, code: ErrorCode, message: string): Result {
    return { kind: "failure", failureClass, code, message: this.#deps.hideSecrets(message).slice(0, MAX_MESSAGE_CHARS) };
  }
}
