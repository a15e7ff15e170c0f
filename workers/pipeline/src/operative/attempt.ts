/**
 * One attempt at one bead: governance, workspace, agent loop, change set. It answers with a result in every case but one:
 * on a lease that has passed nothing is brought back.
 */
import { messageOf, RetryableError } from "@factory/durable";
import type { Log, StartTimeout, StoragePort } from "@factory/durable";
import { modelFailureOf } from "@factory/models";
import type { ResolvedModel } from "@factory/models";
import { FactoryError } from "@factory/schemas";
import type { ErrorCode } from "@factory/schemas";
import type { BeadOutcome, ClaimedBead, CoordinatorRpc, FailureClass, ModelCall } from "@factory/schemas/rpc";
import type { Sandbox } from "@factory/verification";
import { SPEC_FOLDER, Workspace } from "@factory/workspace";
import type { BlobStore } from "@factory/workspace";
import { runAgent } from "./agent-loop.ts";
import { AttemptControl, AttemptStopped } from "./attempt-control.ts";
import type { Stop } from "./attempt-control.ts";
import { CheckRunner } from "./check-runner.ts";
import { CodeRunner } from "./code-tool.ts";
import { ConsentGate } from "./consent-gate.ts";
import { Governance } from "./governance.ts";
import type { GovernancePorts, UnderGovernance } from "./governance.ts";
import { learnedBy } from "./guidance.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import type { ConsentRecord, OperativeStore } from "./operative-store.ts";
import { systemPrompt, userPrompt } from "./prompts.ts";
import { recordedModel } from "./recorded-model.ts";
import { clarificationReport } from "./report.ts";
import { AttemptTools } from "./tools.ts";

/** What an attempt needs of its surroundings. */
export interface AttemptDeps {
  readonly storage: StoragePort;
  readonly store: OperativeStore;
  readonly coordinator: Pick<CoordinatorRpc, "heartbeat">;
  /** Of the run's org and the directive's assembly. */
  readonly governing: GovernancePorts;
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
  readonly runId: string;
  readonly bead: ClaimedBead;
  /** Stored by nobody yet, or by a run that ended before its agent acted: this one goes on with it. */
  readonly executionId: string;
  /** `fresh` when the lease was given to this very run of the object a moment ago; else the coordinator is asked before anything begins. */
  readonly lease: "fresh" | "ask";
  /** Longest attempt in milliseconds. */
  readonly timeoutMs: number;
  /** Aborted when the object's own run is over. */
  readonly signal: AbortSignal;
};

type Result = BeadOutcome["result"];

/** How an attempt ended. */
export type AttemptEnd = {
  /** The execution it was recorded as; another than it began with when what governs it moved before its agent acted. */
  readonly executionId: string;
  /** Null: its lease had passed, and nothing is brought back. */
  readonly result: Result | null;
  readonly denials: BeadOutcome["consentDenials"];
  readonly checkMs: number;
};

/** Characters of a failure's message; it goes into rows, events and the next prompt. */
const MAX_MESSAGE_CHARS = 1_000;

/** Makes the attempt. @throws RetryableError when it could not begin; nothing was done then. */
export async function makeAttempt(deps: AttemptDeps, request: AttemptRequest): Promise<AttemptEnd> {
  const { bead } = request;
  const control = new AttemptControl(request.timeoutMs, request.signal, deps.startTimeout);
  const heartbeat = (): ReturnType<CoordinatorRpc["heartbeat"]> => deps.coordinator.heartbeat(bead.beadId, bead.epoch);
  const lease = new LeaseKeeper({ heartbeat, startTimeout: deps.startTimeout, now: deps.now, log: deps.log }, control);
  try {
    await beginLease(lease, request.lease);
    return await new Attempt(deps, request, control, lease).make();
  } finally {
    control.dispose();
    await lease.end();
  }
}

/** Work on a lease that nobody can confirm would only cost money; the run is tried again. */
async function beginLease(lease: LeaseKeeper, given: AttemptRequest["lease"]): Promise<void> {
  try {
    await lease.begin(given);
  } catch (err) {
    throw new RetryableError(`The lease could not be confirmed: ${messageOf(err)}`, { cause: err });
  }
}

class Attempt {
  readonly #deps: AttemptDeps;
  readonly #request: AttemptRequest;
  readonly #control: AttemptControl;
  readonly #lease: LeaseKeeper;
  readonly #governance: Governance;
  #denials: BeadOutcome["consentDenials"] = [];
  #checks: CheckRunner | undefined;

  constructor(deps: AttemptDeps, request: AttemptRequest, control: AttemptControl, lease: LeaseKeeper) {
    this.#deps = deps;
    this.#request = request;
    this.#control = control;
    this.#lease = lease;
    const { governing, store, now, startTimeout } = deps;
    this.#governance = new Governance({ ...governing, store, control, now, startTimeout }, request.bead, request.executionId);
  }

  async make(): Promise<AttemptEnd> {
    const result = await this.#result();
    await this.#governance.end();
    return { executionId: this.#governance.executionId, result, denials: this.#denials, checkMs: this.#checks?.spentMs ?? 0 };
  }

  async #result(): Promise<Result | null> {
    const { store, now } = this.#deps;
    const { bead, executionId } = this.#request;
    try {
      this.#control.check();
      store.begin(bead, executionId, now());
      return await this.#work();
    } catch (err) {
      const { reason } = this.#control;
      if (reason !== undefined) return this.#stopped(reason);
      return this.#failed(err);
    }
  }

  async #work(): Promise<Result> {
    const { runId, bead } = this.#request;
    const { directive } = bead;
    if (directive.runId !== runId) return this.#failure("governance", "GOVERNANCE_VIOLATION", `The directive belongs to ${directive.runId}.`);
    if (directive.role === "verifier:outcome") return this.#failure("governance", "GOVERNANCE_VIOLATION", "No operative may carry out an outcome bead.");
    const governed = await this.#governance.begin();
    switch (governed.kind) {
      case "governed":
        return this.#runAgent(governed);
      case "suggest":
        return { kind: "suggest", reason: governed.reason.slice(0, MAX_MESSAGE_CHARS) };
      case "failed":
        return this.#failure(governed.failureClass, governed.code, governed.message);
      default:
        return governed satisfies never;
    }
  }

  async #runAgent({ executionId, knowing, permitted }: UnderGovernance): Promise<Result> {
    const { store, now, sandbox, startTimeout } = this.#deps;
    const { runId, bead } = this.#request;
    const { directive, beadId, epoch } = bead;
    const control = this.#control;
    const lease = this.#lease;
    const workspace = this.#workspace();
    const write = (record: ConsentRecord): void => store.addConsent(executionId, record, now());
    const gate = new ConsentGate(
      { consented: (action) => this.#governance.consented(action), write },
      { runId, beadId, epoch, headsDigest: knowing.headsDigest, permitted },
    );
    this.#denials = gate.denials;
    const resolved = this.#deps.resolveModel(directive.model.alias);
    const context = { beadId, purpose: directive.role, budgetUsd: directive.budgetUsd };
    const account = { record: (call: ModelCall) => store.addModelCall(executionId, call), flush: () => store.writeModelCalls() };
    const model = recordedModel(resolved, context, { control, lease, gate, ...account, now });
    const pause = (ms: number): Promise<void> => control.race(new Promise((resolve) => void startTimeout(ms, resolve)));
    const checks = new CheckRunner({ sandbox, pause, now }, bead, workspace);
    this.#checks = checks;
    const code = new CodeRunner({ sandbox, control, pause, now }, workspace);
    const tools = new AttemptTools({ workspace, checks, code, gate, control, lease });
    const loop = { model, tools: tools.toolSet(permitted), toolsExhausted: () => tools.exhausted, control };
    const answer = await runAgent(loop, systemPrompt(directive, permitted, learnedBy(knowing)), userPrompt(bead));
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

  #stopped(reason: Stop): Result | null {
    switch (reason.kind) {
      case "lapsed":
        return null;
      case "stale":
        return this.#failure("stale", "STALE_TARGET", reason.message);
      case "timeout":
        return this.#failure("timeout", "DEADLINE_EXCEEDED", `The attempt was not finished after ${reason.afterMs} ms.`);
      case "interrupted":
      case "broken":
        return this.#failure("infrastructure", "UNAVAILABLE", reason.message);
      case "denied":
        return this.#failure("governance", "GOVERNANCE_VIOLATION", reason.message);
      case "loop":
        return this.#failure("quality", "NO_PROGRESS", reason.message);
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
