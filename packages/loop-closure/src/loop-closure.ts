/**
 * The only bridge between the artifact graph and the bead graph, as one service. It runs inside its caller and journals
 * there: each bridge point decides once, keeps the decision, then writes artifact graph first, knowing-state second. A crash
 * between any two writes is mended by calling again.
 *
 * It knows no domain: what a divergence means, what would mend it and whether that holds is told by the caller.
 *
 * @see `domain.md` 5
 */
import { logged } from "@factory/durable";
import type { Result } from "@factory/schemas";
import { adoptAmendment } from "./adoption.ts";
import type { Adoption, AdoptionDomain, AdoptionRequest } from "./adoption.ts";
import { recordExecution } from "./execution.ts";
import type { ExecutionRequest, RecordedExecution } from "./execution.ts";
import type { Hypothesis } from "./hypothesis.ts";
import { ingest } from "./ingest.ts";
import type { IngestRequest } from "./ingest.ts";
import { recordOutcome } from "./outcome.ts";
import type { OutcomeRequest, RecordedOutcome } from "./outcome.ts";
import type { LineagePort, LoopClosurePorts } from "./ports.ts";
import { proposeAmendment } from "./proposal.ts";
import type { Change, ProposalDomain, ProposalRequest, ProposedAmendment } from "./proposal.ts";
import { openSession } from "./session.ts";
import type { OpenedSession, SessionRequest } from "./session.ts";

/** The six bridge points. */
export class LoopClosure {
  readonly #ports: LoopClosurePorts;

  constructor(ports: LoopClosurePorts) {
    this.#ports = ports;
  }

  /** BP1: what an agent may do and under which specification. Never throws: a retrieval that fails leaves SUGGEST and says why. */
  async openSession(request: SessionRequest): Promise<OpenedSession> {
    return this.#logged("open-session", { session: request.sessionId }, () => openSession(this.#ports, request));
  }

  /**
   * BP2: Agent, KnowingState and Execution with their edges, then the execution bead, fenced by the heads of the retrieval.
   *
   * @returns GOVERNANCE_VIOLATION above the ceiling, or at SUGGEST without a person's leave; FAILED_PRECONDITION without a
   *   retrieval, a specification, a policy or a trust; STALE_TARGET when what governs the agent has moved since
   * @throws RetryableError when a graph did not answer, TerminalError when it refused for good
   */
  async recordExecution(request: ExecutionRequest): Promise<Result<RecordedExecution>> {
    return this.#logged("record-execution", { session: request.session.sessionId, execution: request.executionId }, () =>
      recordExecution(this.#ports, request),
    );
  }

  /**
   * BP3: trace, every divergence with its claim, and the outcome bead, under an execution that was recorded.
   *
   * @throws RetryableError when a graph did not answer; TerminalError without such an execution or when a graph refused
   */
  async recordOutcome(request: OutcomeRequest): Promise<RecordedOutcome> {
    return this.#logged("record-outcome", { session: request.sessionId, execution: request.executionId }, () => recordOutcome(this.#ports, request));
  }

  /**
   * BP4: a hypothesis from the evidence and, unless it would change nothing, an amendment PROPOSED.
   *
   * @throws RetryableError when a graph did not answer; TerminalError when it refused or the hypothesis is none that may be
   */
  async proposeAmendment<H extends Hypothesis, C extends Change>(request: ProposalRequest, domain: ProposalDomain<H, C>): Promise<ProposedAmendment<H, C>> {
    return this.#logged("propose-amendment", { session: request.sessionId, divergence: request.divergenceId }, () =>
      proposeAmendment(this.#ports, request, domain),
    );
  }

  /**
   * BP5: runs the verifier and adopts or rejects; the verdict says why, in both graphs.
   *
   * @throws RetryableError when a graph did not answer; TerminalError when it refused or the amendment is not PROPOSED
   */
  async adoptAmendment(request: AdoptionRequest, domain: AdoptionDomain): Promise<Adoption> {
    return this.#logged("adopt-amendment", { session: request.sessionId, amendment: request.amendmentId }, () => adoptAmendment(this.#ports, request, domain));
  }

  /**
   * BP6: the adopted specification and its elucidation enter another graph.
   *
   * @throws RetryableError when a graph did not answer, TerminalError when the target refused for good
   */
  async ingest(request: IngestRequest, target: Pick<LineagePort, "append">): Promise<void> {
    return this.#logged("ingest", { specification: request.specificationId }, () => ingest(this.#ports.graph, request, target));
  }

  #logged<T>(verb: string, ids: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
    const { log, now, org } = this.#ports;
    return logged(log, now, { op: `loop-closure.${verb}`, ids: { org, ...ids } }, work);
  }
}
