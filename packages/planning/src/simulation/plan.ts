/** What a simulation of an order comes to: plain data, the same for the same order, shown by a terminal or a page. */
import type { Alternative, CandidateScores, OrderFault, PassName, Priority, ReviewMode, VerificationReport } from "@factory/schemas";

/** Where a plan ends: every gate passed, one refused, somebody has to answer first, or a model gave no answer. */
export type PlanOutcome = "planned" | "refused" | "needs-person" | "failed";

/** How a claim is shown to hold. `nobody`: it is recorded as not judged. `untestable`: the intake gate refuses it. */
export type DecidedBy = "examples" | "tests" | "examples and tests" | "detectors" | "detectors and a person" | "person" | "nobody" | "untestable";

export type PlannedClaim = {
  readonly claimId: string;
  readonly kind: "criterion" | "constraint" | "metric";
  /** 1-based, in the order. */
  readonly line: number;
  readonly text: string;
  readonly functionName: string | null;
  readonly decidedBy: DecidedBy;
  /** Examples of its own that operatives see, and number of those they do not. */
  readonly visibleExamples: number;
  readonly hiddenExamples: number;
  /** The claim whose examples decide it, where they are not its own. */
  readonly sharesExamplesOf: string | null;
  readonly tests: readonly string[];
  readonly detectors: readonly string[];
  /** Of a claim that nothing decides: why. */
  readonly detail: string | null;
  /** Of a claim that nothing decides: a wording that would be decided. */
  readonly proposal: string | null;
};

/** One planning pass as it was answered. */
export type PlannedPass = {
  readonly pass: PassName;
  readonly outcome: "answered" | "uncertain" | "unanswered";
  readonly modelId: string | null;
  readonly modelCalls: number;
  /** The first answer did not fit its schema and a second one did. */
  readonly repaired: boolean;
  readonly title: string | null;
  readonly explicitness: "stated" | "inferred" | null;
  readonly rationale: string | null;
  /** Alternatives that the answer says it considered. */
  readonly alternatives: readonly Alternative[];
  /** Of a pass without an artifact: what it asks or what went wrong. */
  readonly detail: string | null;
};

/** An option for the function to build; exactly one is chosen. */
export type PlannedCandidate = {
  readonly name: string;
  readonly title: string;
  readonly chosen: boolean;
  /** What it is worth, from 0 to 1; the platform's own sum. */
  readonly total: number;
  readonly scores: CandidateScores;
  readonly rationale: string;
  /** Of one that lost: why. */
  readonly lostBecause: string | null;
};

export type PlannedInvariant = {
  readonly claimId: string;
  readonly statement: string;
  readonly detector: string;
  /** Words of the constraint that chose the detector. */
  readonly matched: readonly string[];
};

/** A bead to be: what one operative does, or what the platform verifies. */
export type PlannedAtom = {
  /** Names the atom in its plan. */
  readonly key: string;
  readonly title: string;
  readonly role: string;
  /** The team of its role. */
  readonly team: string;
  readonly molecule: string;
  /** 1 for an atom that waits for none. */
  readonly level: number;
  /** Claims it touches, and those it alone answers for. */
  readonly claims: readonly string[];
  readonly owns: readonly string[];
  /** Whether the file of its function is new or there already; null of an atom without a function. */
  readonly mode: "create" | "modify" | null;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly dependsOn: readonly string[];
  /** What has to pass, in words. */
  readonly checks: readonly string[];
  /** Null for an atom that no model works on. */
  readonly model: string | null;
  readonly maxAttempts: number;
  /** US dollars of one attempt; null where no directive is made. */
  readonly budgetUsd: number | null;
};

/** Atoms that are judged together; `outcome` is the one that does it. */
export type PlannedMolecule = {
  readonly key: string;
  readonly title: string;
  /** Its atoms without the outcome atom. */
  readonly atoms: readonly string[];
  readonly outcome: string;
};

/** A gate's report without the ids of what it is about. */
export type PlannedGate = Pick<VerificationReport, "gate" | "outcome" | "checked" | "notChecked" | "remediation">;

export type Refusal = { readonly by: "configuration" | PlannedGate["gate"]; readonly code: string; readonly remediation: readonly string[] };

/** A bound on both sides; `max` null: nothing bounds it. */
export type Range = { readonly min: number; readonly max: number | null };

/** What a run takes. It is asked of nobody: each figure follows from directives, retry policies and prices. */
export type PlanEstimate = {
  readonly beads: number;
  /** Beads that the platform decides without a model. */
  readonly verifiedBeads: number;
  readonly modelCalls: Range;
  readonly tokens: Range;
  /** Null where a model's price is not known: never zero. */
  readonly costUsd: Range | null;
  /** Models without a price. */
  readonly unpriced: readonly string[];
  /** What the models of each alias are that the figures are for. */
  readonly models: { readonly [alias: string]: readonly string[] };
  /** How long planning took when it was recorded; null where nothing was measured. */
  readonly planningMs: number | null;
  /** Beads on the longest chain of dependencies: no run has fewer steps one after the other. */
  readonly longestChain: number;
  /** What the figures rest on, a sentence each. */
  readonly basis: readonly string[];
};

/** A point at which the platform stops until a person decides. */
export type PlannedQuestion = {
  readonly matter: "approval" | "uncertainty" | "pass" | "semantic-review" | "acceptance" | "budget";
  /** Where the session then stands. */
  readonly state: "COMMISSIONING" | "AWAITING_APPROVAL" | "EXECUTING" | "ACCEPTING";
  /** False: it depends on how the run goes. */
  readonly certain: boolean;
  readonly question: string;
  readonly claims: readonly string[];
};

/** A simulated plan. */
export type SimulatedPlan = {
  readonly format: "factory-plan";
  readonly version: 1;
  readonly outcome: PlanOutcome;
  readonly order: {
    readonly title: string;
    /** SHA-256 of the order's canonical form. */
    readonly digest: string;
    readonly priority: Priority;
    readonly reviewMode: ReviewMode | null;
    readonly budgetUsd: number | null;
    readonly files: readonly string[];
    /** Headings of sections that the parser keeps and nothing acts on. */
    readonly unknownSections: readonly string[];
  };
  readonly refusals: readonly Refusal[];
  /** What the intake gate refuses, by line; the same as `factory validate` says. */
  readonly faults: readonly OrderFault[];
  /** Why no model answered; null where one did. */
  readonly failure: { readonly code: string; readonly message: string } | null;
  readonly claims: readonly PlannedClaim[];
  readonly passes: readonly PlannedPass[];
  readonly candidates: readonly PlannedCandidate[];
  readonly invariants: readonly PlannedInvariant[];
  readonly molecules: readonly PlannedMolecule[];
  /** Parents before children, molecule by molecule. */
  readonly atoms: readonly PlannedAtom[];
  readonly gates: readonly PlannedGate[];
  /** Null when there is nothing to run. */
  readonly estimate: PlanEstimate | null;
  readonly questions: readonly PlannedQuestion[];
  /** What a simulation cannot know. */
  readonly unknown: readonly string[];
};
