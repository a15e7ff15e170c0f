/** What the projection knows: sessions, their beads and divergences, and which issue in Linear stands for which of them. */
import type { BeadState } from "@factory/schemas";
import type { Severity } from "@factory/schemas/rpc";
import { entityId } from "../linear-api/index.ts";

/** What an issue stands for. */
export type BindingKind = "session" | "bead" | "divergence" | "escalation" | "digest" | "advisory" | "health";

/** Which thing an issue stands for: the same artifact under another work graph or version of it is another issue. */
export type BindingSubject = {
  readonly kind: BindingKind;
  readonly artifactId: string;
  /** Empty for what belongs to no work graph. */
  readonly workGraphId: string;
  /** Version of the work graph, from 1 on; 0 for what belongs to none. */
  readonly version: number;
};

/** A thing and its issue. */
export type Binding = BindingSubject & {
  /** Empty for what belongs to no session. */
  readonly sessionId: string;
  readonly issueId: string;
  /** `ENG-12`; null until Linear has the issue. */
  readonly identifier: string | null;
  readonly url: string | null;
  /** State and labels that the issue was given last. */
  readonly shown: string;
  readonly supersededBy: string | null;
};

/** Key of a binding in its organisation. */
export function bindingKey({ kind, artifactId, workGraphId, version }: BindingSubject): string {
  return `${kind}/${artifactId}/${workGraphId}/${version}`;
}

/** The issue that stands for a thing: its id follows from what it stands for. */
export function issueIdOf(org: string, subject: BindingSubject): string {
  return entityId("issue", `${org}/${bindingKey(subject)}`);
}

/** What belongs to no work graph. */
export const noGraph = { workGraphId: "", version: 0 } as const;

export const sessionSubject = (sessionId: string): BindingSubject => ({ kind: "session", artifactId: sessionId, ...noGraph });
export const beadSubject = ({ beadId, workGraphId, version }: Pick<FollowedBead, "beadId" | "workGraphId" | "version">): BindingSubject => ({
  kind: "bead",
  artifactId: beadId,
  workGraphId,
  version,
});
export const divergenceSubject = (divergenceId: string): BindingSubject => ({ kind: "divergence", artifactId: divergenceId, ...noGraph });
export const escalationSubject = (escalationId: string): BindingSubject => ({ kind: "escalation", artifactId: escalationId, ...noGraph });

/** A session as far as its log has been read. */
export type FollowedSession = {
  readonly sessionId: string;
  /** Last event that was taken. */
  readonly cursor: number;
  /** Last event that a hint told of. */
  readonly wanted: number;
  readonly assembly: string;
  readonly workOrderId: string;
  readonly title: string;
  readonly runId: string | null;
  readonly workGraphId: string | null;
  /** 1 as compiled; one more with each adopted amendment that changed the specification. */
  readonly version: number;
  readonly state: string;
  /** Beads that have an issue, and those beyond {@link MAX_BEAD_ISSUES} that have none. */
  readonly beadIssues: number;
  readonly beadsLeftOut: number;
};

/** Most beads of a session that get an issue: more is no place where people steer, and a session's closing comment says how many were left out. */
export const MAX_BEAD_ISSUES = 500;

/** A bead as its events tell. */
export type FollowedBead = {
  readonly beadId: string;
  readonly atomId: string;
  readonly title: string;
  readonly team: string;
  readonly role: string;
  readonly state: BeadState;
  readonly attempt: number;
  /** The work graph and its version that its issue is of; empty where no work graph was told of. */
  readonly workGraphId: string;
  readonly version: number;
  /** The adopted amendment that its issue does not show yet. */
  readonly amendedBy: string | null;
  readonly directiveId: string | null;
  readonly policyBeadId: string | null;
  /** False for one that was left out. */
  readonly shown: boolean;
};

/** `unknown` until the divergence's artifact has told it. */
export type KnownSeverity = Severity | "unknown";

export type FollowedDivergence = {
  readonly divergenceId: string;
  readonly beadId: string | null;
  readonly severity: KnownSeverity;
  /** False while only its artifact is known. */
  readonly detected: boolean;
  readonly open: boolean;
};

/** An open or decided review, shown as an escalation. */
export type Escalation = {
  readonly escalationId: string;
  readonly reviewId: string;
  readonly sessionId: string;
  readonly assembly: string;
  readonly matter: string;
  readonly action: string;
  readonly actionDigest: string;
  readonly issueId: string;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  /** Null while it is open. */
  readonly decision: string | null;
};

/** Something worth a look that does not have to be looked at now. */
export type Advisory = {
  readonly advisoryId: string;
  readonly kind: "divergence" | "note";
  readonly sessionId: string;
  readonly assembly: string;
  readonly beadId: string | null;
  readonly severity: string;
  readonly text: string;
  readonly hypothesisId: string | null;
  /** Epoch milliseconds. */
  readonly queuedAt: number;
  /** Periods in which it was surfaced again because it was still open. */
  readonly carriedOver: number;
  /** The cycle or day in which it was surfaced last; null when it never was. */
  readonly lastPeriod: string | null;
};

/** Name of the fact that an escalation was decided by a disposition of its own, whose result its issue has been told. */
export function decidedHereFact(escalationId: string): string {
  return `decided-here:${escalationId}`;
}
