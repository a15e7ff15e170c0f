/** What a session's log says for the evidence: its chain, and what each event tells, page by page, so that payloads need not stay in memory. */
import { RetryableError } from "@factory/durable";
import { GENESIS_HASH } from "@factory/schemas";
import type { EventPayload, SessionEvent } from "@factory/schemas";
import type { LogIdentity, SessionLogRpc } from "@factory/schemas/rpc";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import { absent, known } from "@factory/verification/evidence";
import type { EvidencePredicate } from "@factory/verification/evidence";

/** The parts of the predicate that the log alone decides. */
export type LogFacts = Pick<
  EvidencePredicate,
  "chain" | "lineage" | "gates" | "reviews" | "approvals" | "clearances" | "divergences" | "consents" | "denials" | "modelCalls"
>;

/**
 * Has the log take nothing more but what ends the session, and reads the whole of it.
 *
 * @param amended - by divergence id, whether an amendment for it was adopted
 * @throws RetryableError when it cannot be sealed, ends before its tip, is closed already or is not one chain.
 */
export async function readLogFacts(log: Pick<SessionLogRpc, "read" | "seal">, identity: LogIdentity, amended: ReadonlyMap<string, boolean>): Promise<LogFacts> {
  const reader = new LogReader(amended);
  const sealed = await log.seal(identity);
  if (!sealed.ok) throw new RetryableError(`The log cannot be sealed: ${sealed.message}`);
  let { tip } = sealed;
  while (reader.count < tip.lastSeq) {
    const page = await log.read(reader.count, LOG_LIMITS.pageEvents);
    if (page.events.length === 0) throw new RetryableError(`The log ends at ${reader.count} of ${tip.lastSeq} events.`);
    for (const event of page.events) reader.take(event);
    ({ tip } = page);
  }
  if (tip.closed) throw new RetryableError("The log was closed before this session was sealed.");
  if (tip.rootHash !== reader.root) throw new RetryableError("The log's tip is not the hash of its last event.");
  return reader.facts();
}

class LogReader {
  readonly #amended: ReadonlyMap<string, boolean>;
  readonly #events: EvidencePredicate["chain"]["events"] = [];
  readonly #nodes = new Map<string, string | undefined>();
  readonly #edges = new Map<string, [string, string, string]>();
  readonly #gates: EvidencePredicate["gates"] = [];
  readonly #prompts: EventPayload<"REVIEW_REQUIRED">[] = [];
  readonly #resolved = new Map<string, EventPayload<"REVIEW_RESOLVED">>();
  readonly #approvals: EvidencePredicate["approvals"] = [];
  readonly #clearances: NonNullable<EvidencePredicate["clearances"]> = [];
  readonly #divergences: EvidencePredicate["divergences"] = [];
  readonly #consents: EvidencePredicate["consents"] = [];
  readonly #denials: EvidencePredicate["denials"] = [];
  readonly #modelCalls: EvidencePredicate["modelCalls"] = [];

  constructor(amended: ReadonlyMap<string, boolean>) {
    this.#amended = amended;
  }

  get count(): number {
    return this.#events.length;
  }

  get root(): string {
    return this.#events.at(-1)?.[3] ?? GENESIS_HASH;
  }

  /** @throws RetryableError for an event that does not follow the one before. */
  take(event: SessionEvent): void {
    const { seq, kind, eventId, hash, prevHash } = event;
    if (seq !== this.count + 1 || prevHash !== this.root) throw new RetryableError(`Event ${seq} of the log does not follow event ${this.count}.`);
    this.#events.push([seq, kind, eventId, hash]);
    if (isKind(event, "ARTIFACT_WRITTEN")) this.#artifact(event.payload, event.occurredAt);
    else if (isKind(event, "VERIFICATION_PRODUCED")) this.#gates.push(gateOf(event.payload));
    else if (isKind(event, "REVIEW_REQUIRED")) this.#prompts.push(event.payload);
    else if (isKind(event, "REVIEW_RESOLVED")) this.#resolved.set(event.payload.reviewId, event.payload);
    else if (isKind(event, "APPROVAL_GRANTED")) this.#approvals.push(approvalOf(event.payload));
    else if (isKind(event, "DIVERGENCE_DETECTED")) this.#divergences.push(this.#divergenceOf(event.payload));
    else if (isKind(event, "CONSENT_BEAD_DENIED")) this.#denials.push(denialOf(event.payload));
    else if (isKind(event, "MODEL_CALLED")) this.#modelCalls.push(modelCallOf(event.payload));
  }

  facts(): LogFacts {
    return {
      chain: { count: this.count, genesis: GENESIS_HASH, root: this.root, events: this.#events },
      lineage: this.#lineage(),
      gates: this.#gates,
      reviews: this.#prompts.map((prompt) => reviewOf(prompt, this.#resolved.get(prompt.reviewId))),
      approvals: this.#approvals,
      clearances: this.#clearances,
      divergences: this.#divergences,
      consents: this.#consents,
      denials: this.#denials,
      modelCalls: this.#modelCalls,
    };
  }

  #artifact({ artifactId, artifactType, edges, metadata }: EventPayload<"ARTIFACT_WRITTEN">, occurredAt: number): void {
    if (artifactType === "ClearanceRecord" && !this.#nodes.has(artifactId)) {
      const content = known(metadata, "the record is too large for its event");
      this.#clearances.push({ clearanceId: artifactId, writtenAt: new Date(occurredAt).toISOString(), content });
    }
    this.#nodes.set(artifactId, artifactType ?? this.#nodes.get(artifactId));
    for (const { source, rel, target } of edges ?? []) this.#edges.set(`${source} ${rel} ${target}`, [source, rel, target]);
    if (artifactType === "ExecutionTrace") this.#consents.push(consentOf(artifactId, metadata));
  }

  #lineage(): EvidencePredicate["lineage"] {
    const edges = [...this.#edges.values()];
    const ends = new Set(edges.flatMap(([source, , target]) => [source, target]));
    return {
      nodes: [...this.#nodes].map(([id, type]) => ({ id, type: known(type, "the event names the id only") })),
      edges,
      external: [...ends].filter((id) => !this.#nodes.has(id)).sort(),
    };
  }

  #divergenceOf({ divergenceId, divergenceType, beadId, claimRefs, observed, expected }: EventPayload<"DIVERGENCE_DETECTED">) {
    return {
      divergenceId,
      divergenceType,
      beadId: known(beadId, "it is of the whole tree"),
      claimRefs,
      observed,
      expected,
      amended: known(this.#amended.get(divergenceId), "the run did not bring it to the session"),
    };
  }
}

function isKind<K extends SessionEvent["kind"]>(event: SessionEvent, kind: K): event is SessionEvent<K> {
  return event.kind === kind;
}

function gateOf(payload: EventPayload<"VERIFICATION_PRODUCED">): EvidencePredicate["gates"][number] {
  const { verificationId, verificationType, outcome, subjectId, summary, failedCriteria, checksPassed, checksFailed, holdoutsPassed, holdoutsFailed } = payload;
  return {
    verificationId,
    gate: verificationType,
    outcome,
    subjectId,
    summary,
    failedCriteria,
    checks: counted(checksPassed, checksFailed, "this gate executes no check"),
    holdouts: counted(holdoutsPassed, holdoutsFailed, "no hidden example was run here"),
  };
}

/** Counts of a gate; where neither was told, or nothing was counted, there are none. */
function counted(passed: number | undefined, failed: number | undefined, why: string) {
  return (passed ?? 0) + (failed ?? 0) === 0 ? absent(why) : { passed: passed ?? 0, failed: failed ?? 0 };
}

function reviewOf(
  { reviewId, reviewType, action, actionDigest, context }: EventPayload<"REVIEW_REQUIRED">,
  resolved: EventPayload<"REVIEW_RESOLVED"> | undefined,
): EvidencePredicate["reviews"][number] {
  const resolution =
    resolved === undefined
      ? absent("the session ended before anybody decided")
      : { decision: resolved.decision, decidedBy: resolved.decidedBy, note: resolved.note };
  const { matter, approvalsNeeded } = context ?? {};
  return {
    reviewId,
    type: reviewType,
    matter: typeof matter === "string" ? matter : absent("the event does not say"),
    approvalsNeeded: typeof approvalsNeeded === "number" ? approvalsNeeded : absent("no person had to approve, or the event does not say"),
    action,
    actionDigest,
    resolution,
  };
}

function approvalOf({ approvalId, reviewId, approver, actionDigest }: EventPayload<"APPROVAL_GRANTED">): EvidencePredicate["approvals"][number] {
  return { approvalId, reviewId, approver, actionDigest };
}

function denialOf({ beadId, toolName, inputHash, reason, epoch }: EventPayload<"CONSENT_BEAD_DENIED">): EvidencePredicate["denials"][number] {
  return { beadId, toolName, inputHash, reason, epoch };
}

function consentOf(traceId: string, metadata: EventPayload<"ARTIFACT_WRITTEN">["metadata"]): EvidencePredicate["consents"][number] {
  const text = (key: string): string | undefined => {
    const value = metadata?.[key];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return {
    traceId,
    beadId: known(text("beadId"), "the event does not say"),
    digest: known(text("consentDigest"), metadata === undefined ? "the trace is too large for its event" : "no agent executed"),
  };
}

function modelCallOf(call: EventPayload<"MODEL_CALLED">): EvidencePredicate["modelCalls"][number] {
  const { alias, provider, modelId, purpose, beadId, promptHash, inputTokens, outputTokens, costUsd, outcome } = call;
  return {
    alias,
    model: `${provider}:${modelId}`,
    purpose,
    beadId: known(beadId, "it was made for the session"),
    promptHash,
    inputTokens: known(inputTokens, "the model did not say"),
    outputTokens: known(outputTokens, "the model did not say"),
    costUsd: known(costUsd, "the price of the model is not known"),
    outcome,
  };
}
