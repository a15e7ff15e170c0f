/** Events of a session as its log has them, in the order in which a test tells them. */
import { artifactNode, beadIdOf, GENESIS_HASH, runIdOf, sessionIdOf, EVENT_KINDS, ulidId } from "@factory/schemas";
import type { ArtifactNode, BeadState, EventKind, EventPayload, SessionEvent } from "@factory/schemas";

/** The organisation and the assembly that stories are of. */
export const ORG = "acme";
export const ASSEMBLY = "shop";

/** A bead of a story, with the nodes that its issue rests on. */
export type StoryBead = {
  readonly beadId: string;
  readonly atomId: string;
  readonly title: string;
  readonly atom: ArtifactNode;
  readonly directive: ArtifactNode;
};

const ACTION_DIGEST = "a".repeat(64);

/** Tells a session. Each telling gives the events that are new. */
export class SessionStory {
  readonly sessionId: string;
  readonly runId: string;
  readonly workGraph: ArtifactNode;
  readonly title: string;
  #at: number;

  constructor(name: string, now: number) {
    this.title = `Carts ${name}`;
    this.sessionId = sessionIdOf(ORG, `WO-${name}`, name);
    this.workGraph = artifactNode("WG", "WorkGraph", ORG, { name }, []);
    this.runId = runIdOf(ORG, this.sessionId, this.workGraph.id);
    this.#at = now;
  }

  /** One event; the log numbers it. */
  event<K extends EventKind>(kind: K, payload: EventPayload<K>): SessionEvent {
    this.#at += 1;
    return {
      seq: 0,
      eventId: ulidId("EVT", this.#at),
      stream: EVENT_KINDS[kind].stream,
      kind,
      sessionId: this.sessionId,
      assemblyId: ASSEMBLY,
      workOrderId: "WO-1",
      runId: this.runId,
      occurredAt: this.#at,
      payload,
      prevHash: GENESIS_HASH,
      hash: GENESIS_HASH,
    };
  }

  submitted(): SessionEvent {
    return this.event("SESSION_SUBMITTED", { fromState: "SUBMITTED", toState: "COMMISSIONING", reason: `dev submitted WO-1: ${this.title}` });
  }

  /** A bead whose atom and directive the lineage may be given. */
  bead(title: string, given: { readonly needs?: readonly StoryBead[]; readonly instructions?: string; readonly amendment?: string } = {}): StoryBead {
    const { needs = [], instructions = `Write ${title}.`, amendment } = given;
    const atom = artifactNode("ATOM", "RequirementAtom", ORG, { key: title, sessionId: this.sessionId }, []);
    const directive = artifactNode(
      "DIR",
      "AtomDirective",
      ORG,
      {
        instructions,
        claimRefs: ["C-1"],
        dependsOn: needs.map(({ atomId }) => ({ atomId, required: true })),
        policyBeadId: "POLICY-1",
        ...(amendment === undefined ? {} : { amendment }),
      },
      [atom.id],
    );
    return { beadId: beadIdOf(ORG, this.runId, atom.id), atomId: atom.id, title, atom, directive };
  }

  /** The work graph and the directives, as mediation tells of them. */
  compiled(...beads: readonly StoryBead[]): SessionEvent[] {
    return [
      this.event("ARTIFACT_WRITTEN", { artifactId: this.workGraph.id, artifactType: "WorkGraph" }),
      ...beads.map((bead) => this.dispatched(bead)),
      this.event("COMPILATION_COMPLETE", { fromState: "COMPILING", toState: "EXECUTING", reason: "compiled" }),
    ];
  }

  dispatched({ atomId, directive }: StoryBead): SessionEvent {
    const edges = [{ source: atomId, rel: "dispatched_as", target: directive.id }];
    return this.event("ARTIFACT_WRITTEN", { artifactId: directive.id, artifactType: "AtomDirective", edges });
  }

  moved({ beadId, atomId, title }: StoryBead, fromState: BeadState | "", toState: BeadState, attempt = 1): SessionEvent {
    const kind = toState === "LEASED" ? "BEAD_CLAIMED" : toState === "FAILED" ? "BEAD_FAILED" : "BEAD_STATE_CHANGED";
    return this.event(kind, { beadId, runId: this.runId, atomId, title, team: "build", role: "coder", fromState, toState, epoch: 1, attempt, cycle: 0 });
  }

  /** Submitted, compiled and seeded. */
  begun(...beads: readonly StoryBead[]): SessionEvent[] {
    return [this.submitted(), ...this.compiled(...beads), ...beads.map((bead) => this.moved(bead, "", "READY"))];
  }

  asked(
    matter: string,
    context: { readonly [key: string]: string } = {},
    promptText = "May this be built?",
  ): { readonly reviewId: string; readonly event: SessionEvent } {
    const reviewId = ulidId("REV", this.#at);
    const event = this.event("REVIEW_REQUIRED", {
      reviewId,
      reviewType: "APPROVAL_REQUIRED",
      action: "Approve the specification",
      actionDigest: ACTION_DIGEST,
      promptText,
      fromState: "COMMISSIONING",
      toState: "AWAITING_APPROVAL",
      context: { matter, ...context },
    });
    return { reviewId, event };
  }

  resolved(reviewId: string, decision: "approved" | "rejected", note = ""): SessionEvent {
    return this.event("REVIEW_RESOLVED", {
      reviewId,
      decision,
      note,
      decidedBy: "ada",
      actionDigest: ACTION_DIGEST,
      fromState: "AWAITING_APPROVAL",
      toState: "COMPILING",
    });
  }

  /** A divergence as BP3 wrote it and the coordinator tells of it. */
  diverged(bead: StoryBead, severity: string | null, text = "2 was 3"): { readonly divergenceId: string; readonly events: SessionEvent[] } {
    const { id: divergenceId } = artifactNode("DIV", "Divergence", ORG, { beadId: bead.beadId, severity, text, at: this.#at }, []);
    const { beadId, atomId } = bead;
    const written = severity === null ? [] : [this.event("ARTIFACT_WRITTEN", { artifactId: divergenceId, artifactType: "Divergence", metadata: { severity } })];
    const told = { divergenceId, divergenceType: "atom-failure", beadId, atomId, claimRefs: ["C-1"], observed: text, expected: "2", reason: `C-1: ${text}` };
    return { divergenceId, events: [...written, this.event("DIVERGENCE_DETECTED", told)] };
  }

  amended(
    divergenceId: string,
    beads: readonly StoryBead[],
    amendmentState: "PROPOSED" | "ADOPTED" | "REJECTED" = "ADOPTED",
  ): { readonly amendmentId: string; readonly event: SessionEvent } {
    const { id: amendmentId } = artifactNode("AMD", "Amendment", ORG, { divergenceId }, []);
    const { id: specificationId } = artifactNode("SPEC", "Specification", ORG, { amendmentId }, []);
    const { id: hypothesisId } = artifactNode("HYP", "Hypothesis", ORG, { divergenceId }, []);
    const event = this.event(`AMENDMENT_${amendmentState}`, {
      amendmentId,
      amendmentState,
      divergenceId,
      hypothesisId,
      divergenceReason: "The example was hidden.",
      faultAttribution: "specification",
      scope: "claim",
      beadIds: beads.map(({ beadId }) => beadId),
      depth: 1,
      ...(amendmentState === "ADOPTED" ? { specificationId } : {}),
    });
    return { amendmentId, event };
  }

  ended(outcome: "COMPLETED" | "FAILED" | "CANCELLED" = "COMPLETED"): SessionEvent {
    const kind = outcome === "COMPLETED" ? "SESSION_COMPLETED" : outcome === "FAILED" ? "SESSION_FAILED" : "SESSION_CANCELLED";
    return this.event(kind, {
      outcome,
      reason: `"${this.title}" is delivered in 3 files.`,
      evidenceDigest: "e".repeat(64),
      finalArtifactId: "EVD-1",
      fromState: "DELIVERING",
    });
  }
}
