/**
 * What an attempt is governed by, before and while its agent acts: the knowing-state session (BP1), the record that it sets
 * out (BP2), and the consent asked before every tool call. Nothing acts without all three.
 *
 * @see `domain.md` 4 and 5
 */
import { messageOf, TerminalError, withDeadline } from "@factory/durable";
import type { StartTimeout } from "@factory/durable";
import { agentIdOf } from "@factory/gears";
import type { KnowingStateSdk } from "@factory/ksp-sdk";
import type { LoopClosure, OpenedSession } from "@factory/loop-closure";
import { ulidId } from "@factory/schemas";
import type { Autonomy, ErrorCode, Refusal, Result } from "@factory/schemas";
import type { ClaimedBead, FailureClass, KnowingState } from "@factory/schemas/rpc";
import { allowedTools } from "./allowed-tools.ts";
import type { AttemptControl } from "./attempt-control.ts";
import type { OperativeStore } from "./operative-store.ts";
import { whatIsMissing } from "./suggestion.ts";

/** The most an operative's agent may ever do: no operative inserts beads. */
const SESSION_CEILING: Autonomy = "EXECUTE_BOUNDED";
/** Sessions opened for one attempt, in case what governs it moves between BP1 and BP2. */
const MAX_OPENINGS = 3;
/** Longest wait for one bridge point, in milliseconds: a handful of calls, each of which takes milliseconds. */
export const BRIDGE_TIMEOUT_MS = 30_000;

/** The bridge and the sessions, over the operative's own storage. */
export interface GovernancePorts {
  readonly loop: Pick<LoopClosure, "openSession" | "recordExecution">;
  readonly sessions: Pick<KnowingStateSdk, "checkConsent" | "closeSession">;
}

/** What governance needs. */
export interface GovernanceDeps extends GovernancePorts {
  readonly store: Pick<OperativeStore, "govern" | "renew" | "run">;
  readonly control: AttemptControl;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly startTimeout: StartTimeout;
}

/** The agent may act. */
export type UnderGovernance = {
  readonly kind: "governed";
  readonly executionId: string;
  readonly knowing: KnowingState;
  /** Tools that the directive permits and the registry, the policy and the consent go along with. */
  readonly permitted: readonly string[];
};

/** Whether the agent may act; if not, what the attempt answers. */
export type Governed = UnderGovernance | { readonly kind: "suggest"; readonly reason: string } | Failed;

type Failed = { readonly kind: "failed"; readonly failureClass: FailureClass; readonly code: ErrorCode; readonly message: string };

/** Governs one attempt at one bead. */
export class Governance {
  readonly #deps: GovernanceDeps;
  readonly #bead: ClaimedBead;
  #executionId: string;
  #approvalId: string | undefined;

  /** @param executionId - stored; also the id of the knowing-state session */
  constructor(deps: GovernanceDeps, bead: ClaimedBead, executionId: string) {
    this.#deps = deps;
    this.#bead = bead;
    this.#executionId = executionId;
  }

  /** The execution that the attempt is recorded as. */
  get executionId(): string {
    return this.#executionId;
  }

  /**
   * BP1 and BP2. A repeat under the same execution id, after a crash at any point of them, writes nothing twice.
   *
   * @throws AttemptStopped when the attempt was stopped
   */
  async begin(): Promise<Governed> {
    for (let opening = 1; ; opening++) {
      const governed = await this.#open();
      const stale = governed.kind === "failed" && governed.failureClass === "stale";
      if (!stale || opening === MAX_OPENINGS) return governed;
      await this.#renew();
    }
  }

  /** Asks whether an action is consented to now. @throws AttemptStopped when the attempt was stopped */
  async consented(action: string): Promise<Result> {
    const { control, sessions } = this.#deps;
    return control.race(sessions.checkConsent(this.#executionId, action, this.#approvalId));
  }

  /** Closes the session: what is left running of the attempt can do nothing under it. */
  async end(): Promise<void> {
    await this.#deps.sessions.closeSession(this.#executionId);
  }

  async #open(): Promise<Governed> {
    const { store, loop } = this.#deps;
    const { directive, specificationId } = this.#bead;
    const agent = { role: directive.role, agentId: agentIdOf(directive.role) };
    const opened = await this.#crossed("BP1", async () => ({
      session: await loop.openSession({ sessionId: this.#executionId, ...agent, ceiling: SESSION_CEILING, specificationId }),
    }));
    if (!("session" in opened)) return opened;
    const { session } = opened;
    const { knowingState, failure, autonomy } = session;
    if (knowingState === null || failure !== null) return failed("infrastructure", "UNAVAILABLE", failure ?? "The knowing-state could not be retrieved.");
    const { knowingStateId, headsDigest } = knowingState;
    store.govern(this.#executionId, { knowingStateId, headsDigest, autonomy });
    return this.#admit(session, knowingState);
  }

  /** What a level of autonomy lets begin: above SUGGEST everything, at SUGGEST what a person gave leave for. */
  async #admit(session: OpenedSession, knowing: KnowingState): Promise<Governed> {
    const { directive, approval } = this.#bead;
    if (session.autonomy === "SUGGEST" && approval === undefined) return this.#suggest(knowing);
    const permitted = allowedTools(knowing, directive.toolPolicy.permitted);
    // Leave to begin gives no tool, and without one there is nothing an agent could do.
    if (permitted.length === 0) return this.#suggest(knowing);
    this.#approvalId = session.autonomy === "SUGGEST" ? approval?.requestId : undefined;
    return this.#record(session, knowing, permitted);
  }

  async #record(session: OpenedSession, knowing: KnowingState, permitted: readonly string[]): Promise<Governed> {
    const { store, loop, now } = this.#deps;
    const executionId = this.#executionId;
    const recorded = await this.#crossed("BP2", async () => ({ answer: await loop.recordExecution(this.#execution(session, knowing)) }));
    if (!("answer" in recorded)) return recorded;
    const { answer } = recorded;
    if (!answer.ok) return this.#refused(answer, knowing);
    // A record that a run before this one made rests on the heads of its time; they have moved since.
    if (answer.headsDigest !== knowing.headsDigest) return failed("stale", "STALE_TARGET", `What governs ${session.agentId} moved before it began.`);
    // A run before this one may have recorded it, under a session whose ceiling was higher then: another knowing-state's id.
    store.run(executionId, answer, now());
    return { kind: "governed", executionId, knowing, permitted };
  }

  #refused({ code, message, details }: Refusal, knowing: KnowingState): Governed {
    switch (code) {
      case "STALE_TARGET":
        return failed("stale", code, message);
      case "FAILED_PRECONDITION":
        // Without a policy or a trust to name there is no record, whoever gives leave.
        return details?.["missing"] === undefined ? failed("infrastructure", "UNAVAILABLE", message) : this.#suggest(knowing);
      default:
        return failed("governance", "GOVERNANCE_VIOLATION", message);
    }
  }

  #suggest(knowing: KnowingState): Governed {
    const reason = whatIsMissing(knowing, this.#bead.directive.toolPolicy.permitted);
    // Nothing that a person could change: the session was degraded by a question that got no answer before a restart.
    if (reason === "") return failed("infrastructure", "UNAVAILABLE", `The session ${this.#executionId} could not be told what governs it.`);
    return { kind: "suggest", reason };
  }

  #execution(session: OpenedSession, { knowingStateId, headsDigest }: KnowingState): Parameters<LoopClosure["recordExecution"]>[0] {
    const { directive, beadId, attempt, cycle, epoch } = this.#bead;
    const { directiveId, runId, title } = directive;
    const executionId = this.#executionId;
    return {
      session,
      // Retrieved a moment ago, in this very opening.
      headsSeen: headsDigest,
      executionId,
      action: "execute",
      level: session.autonomy,
      rationale: title,
      ...(this.#approvalId === undefined ? {} : { approvalId: this.#approvalId }),
      data: { beadId, runId, directiveId, attempt, cycle, epoch },
      parents: [directiveId],
      nodes: [],
      edges: [
        { source: executionId, rel: "instantiates", target: directiveId },
        { source: executionId, rel: "source_ref", target: knowingStateId },
      ],
    };
  }

  /** What governs the agent moved before it acted: the session that saw it is over, and another execution begins. */
  async #renew(): Promise<void> {
    const { store, now } = this.#deps;
    await this.end();
    const next = ulidId("EXE", now());
    store.renew(this.#executionId, next);
    this.#executionId = next;
  }

  /** One bridge point with its bound. A graph that does not answer is tried again later; one that refuses for good is not. */
  async #crossed<T extends object>(point: string, work: () => Promise<T>): Promise<T | Failed> {
    const { control, startTimeout } = this.#deps;
    try {
      return await control.race(withDeadline(point, BRIDGE_TIMEOUT_MS, work, startTimeout));
    } catch (err) {
      control.check();
      if (err instanceof TerminalError) return failed("governance", "GOVERNANCE_VIOLATION", `The execution could not be recorded: ${err.message}`);
      return failed("infrastructure", "UNAVAILABLE", messageOf(err));
    }
  }
}

function failed(failureClass: FailureClass, code: ErrorCode, message: string): Failed {
  return { kind: "failed", failureClass, code, message };
}
