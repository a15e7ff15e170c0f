/** Seeds, directives and outcomes for tests; each call gives fresh values. */
import { beadIdOf, contentId, functionFile, runIdOf, sessionIdOf, sha256Hex } from "@factory/schemas";
import type { AtomDirective, ChangeEntry, Claim, Example, Role, TaskResult } from "@factory/schemas";
import type { BeadOutcome, BeadSeed, ClaimedBead, SeedRequest } from "@factory/schemas/rpc";
import type { BlobStore } from "@factory/workspace";
import { ASSEMBLY, directiveNode, specificationNode } from "./lineage.ts";

export const ORG = "acme";

const idOf = <P extends "ATOM" | "WG" | "GEAR" | "MOL" | "KST" | "KSB">(prefix: P, name: string) =>
  contentId(prefix, { kind: "Test", org: ORG, content: { name }, parents: [] });

/** Session, specification and run of a test; the name makes them unique. */
export function aRun(name: string, org = ORG): { readonly sessionId: string; readonly runId: AtomDirective["runId"]; readonly specificationId: string } {
  const sessionId = sessionIdOf(org, "WO-1", name);
  const specificationId = specificationNode(org, sessionId).id;
  return { sessionId, runId: runIdOf(org, sessionId, specificationId), specificationId };
}

/** An example `name(line) => line`. */
export function anExample(functionName: string, line: number): Example {
  return { functionName, args: [{ kind: "json", value: line }], expected: { kind: "json", value: line }, text: `${functionName}(${line}) => ${line}`, line };
}

/** A bead of a test graph. `fn` makes it a coder of a function with its own claim. */
export type BeadPlan = {
  readonly key: string;
  readonly dependsOn?: readonly string[];
  readonly optional?: readonly string[];
  readonly maxAttempts?: number;
  readonly backoffMs?: number;
};

export type SeedPlan = {
  readonly name: string;
  readonly org?: string;
  readonly beads: readonly BeadPlan[];
  readonly slots?: number;
  readonly hidden?: number;
  readonly invariants?: SeedRequest["invariants"];
  readonly typesRequired?: boolean;
};

/** A run of coders, one claim and one function each, with an integrator and an outcome bead behind them. */
export function aSeed(plan: SeedPlan): SeedRequest {
  const { org = ORG } = plan;
  const run = aRun(plan.name, org);
  const claims = plan.beads.map(({ key }, index) => aClaim(index, key, plan.hidden ?? 1));
  const invariantIds = (plan.invariants ?? []).map(({ invariantId }) => invariantId);
  const keys = plan.beads.map(({ key }) => key);
  const bead = (
    key: string,
    role: Role,
    parents: readonly { readonly key: string; readonly required: boolean }[],
    fields: Partial<AtomDirective>,
  ): BeadSeed => {
    const atomId = idOf("ATOM", key);
    const directive = aDirective(run.runId, key, role, { directiveId: directiveNode(org, { runId: run.runId, title: key }).id, ...fields, invariantIds });
    return {
      beadId: beadIdOf(org, run.runId, atomId),
      atomId,
      moleculeId: idOf("MOL", plan.name),
      role,
      title: key,
      outcome: role === "verifier:outcome",
      directive,
      dependsOn: parents.map((parent) => ({ beadId: beadIdOf(org, run.runId, idOf("ATOM", parent.key)), required: parent.required })),
    };
  };
  const coders = plan.beads.map(({ key, dependsOn = [], optional = [], maxAttempts = 2, backoffMs = 0 }, index) =>
    bead(key, "coder", [...dependsOn.map((parent) => ({ key: parent, required: true })), ...optional.map((parent) => ({ key: parent, required: false }))], {
      claimRefs: [`C-${index + 1}`],
      fileScope: { read: ["src/**"], write: [functionFile(key)] },
      successCheck: { kind: "examples", claim: `C-${index + 1}` },
      retryPolicy: { maxAttempts, backoffMs },
    }),
  );
  const every = claims.map(({ claimId }) => claimId);
  const integrator = bead(
    "integrate",
    "integrator",
    keys.map((key) => ({ key, required: true })),
    { claimRefs: every, fileScope: { read: ["src/**"], write: ["src/index.ts"] }, successCheck: { kind: "file-exists", path: "src/index.ts" } },
  );
  const outcome = bead("outcome", "verifier:outcome", [{ key: "integrate", required: true }], {
    claimRefs: every,
    fileScope: { read: ["**"], write: [] },
    successCheck: { kind: "file-exists", path: "src/index.ts" },
    retryPolicy: { maxAttempts: 1, backoffMs: 0 },
  });
  return {
    org,
    ...run,
    workOrderId: "WO-1",
    assembly: ASSEMBLY,
    workGraphId: idOf("WG", plan.name),
    slots: plan.slots ?? 2,
    priority: "normal",
    budgetUsd: null,
    baseTree: {},
    typesRequired: plan.typesRequired ?? false,
    claims,
    invariants: plan.invariants ?? [],
    beads: [...coders, integrator, outcome],
  };
}

/** A coder that an amendment adds to a run; it answers for the first claim unless it is told otherwise. */
export function addedBead(seed: SeedRequest, key: string, { dependsOn = [], optional = [], claimRef = "C-1", ...fields }: AddedPlan = {}): BeadSeed {
  const [first] = seed.beads;
  if (first === undefined) throw new Error("The seed has no bead.");
  const atomId = idOf("ATOM", key);
  const edge = (required: boolean) => (beadId: string) => ({ beadId, required });
  return {
    beadId: beadIdOf(seed.org, first.directive.runId, atomId),
    atomId,
    moleculeId: first.moleculeId,
    role: "coder",
    title: key,
    outcome: false,
    directive: aDirective(first.directive.runId, key, "coder", {
      directiveId: directiveNode(seed.org, { runId: first.directive.runId, title: key }).id,
      claimRefs: [claimRef],
      fileScope: { read: ["src/**"], write: [functionFile(key)] },
      successCheck: { kind: "file-exists", path: functionFile(key) },
    }),
    dependsOn: [...dependsOn.map(edge(true)), ...optional.map(edge(false))],
    ...fields,
  };
}

/** What is particular to an added bead; dependencies are bead ids. */
type AddedPlan = Partial<Omit<BeadSeed, "dependsOn">> & {
  readonly dependsOn?: readonly string[];
  readonly optional?: readonly string[];
  readonly claimRef?: string;
};

function aClaim(index: number, functionName: string, hidden: number): Claim {
  const line = 100 * (index + 1);
  return {
    claimId: `C-${index + 1}`,
    kind: "criterion",
    text: `${functionName} works`,
    line,
    functionName,
    visible: [anExample(functionName, line + 1), anExample(functionName, line + 2)],
    holdout: Array.from({ length: hidden }, (_, at) => anExample(functionName, line + 50 + at)),
    testFiles: [],
  };
}

/** A directive; the fields that a test leaves out are those of a coder. */
export function aDirective(runId: AtomDirective["runId"], key: string, role: Role, fields: Partial<AtomDirective> = {}): AtomDirective {
  return {
    directiveId: directiveNode(ORG, { runId, title: key }).id,
    atomId: idOf("ATOM", key),
    workGraphId: idOf("WG", runId),
    runId,
    assembly: ASSEMBLY,
    team: "build",
    role,
    gearId: idOf("GEAR", role),
    title: key,
    instructions: `Write ${key}.`,
    claimRefs: ["C-1"],
    fileScope: { read: ["src/**"], write: [functionFile(key)] },
    specFiles: [],
    toolPolicy: { permitted: ["read_file", "write_file"] },
    toolSchemas: [],
    invariantIds: [],
    dependsOn: [],
    successCheck: { kind: "examples", claim: "C-1" },
    retryPolicy: { maxAttempts: 2, backoffMs: 0 },
    timeoutMs: 60_000,
    model: { alias: "factory/coder", thinking: "none" },
    budgetUsd: 1,
    elucidationArtifactId: "ELC-1",
    policyBeadId: "KSB-1",
    ...fields,
  };
}

/** A task that an agent has done. */
export const TASK: TaskResult = { status: "COMPLETE", reasoning: "done", blockers: [], assumptionsMade: [], verifiedFacts: [] };

/** Stands for the heads of an operative's own retrieval until whoever plays it puts in what it has of BP1 and BP2. */
export const HEADS = sha256Hex("heads");

/** Everything an operative reports beside its result. */
export function anOutcome(bead: Pick<ClaimedBead, "beadId" | "epoch">, result: BeadOutcome["result"], effectId = `${bead.beadId}:${bead.epoch}`): BeadOutcome {
  return {
    effectId,
    beadId: bead.beadId,
    epoch: bead.epoch,
    executionId: `EXE-${effectId}`,
    executionBeadId: idOf("KSB", "execution"),
    knowingStateId: idOf("KST", "state"),
    headsDigest: HEADS,
    autonomy: "EXECUTE_BOUNDED",
    consentDigest: sha256Hex("consent"),
    consentDenials: [],
    toolCalls: 2,
    modelCalls: [
      {
        alias: "factory/coder",
        provider: "offline",
        modelId: "offline",
        purpose: "execute",
        beadId: bead.beadId,
        promptHash: sha256Hex("prompt"),
        durationMs: 3,
        outcome: "ok",
        costUsd: 0,
      },
    ],
    durationMs: 10,
    checkMs: 1,
    result,
  };
}

/** A finished task with a change set. */
export function complete(bead: Pick<ClaimedBead, "beadId" | "epoch">, changeSet: readonly ChangeEntry[], effectId?: string): BeadOutcome {
  return anOutcome(bead, { kind: "task", task: TASK, changeSet }, effectId);
}

/** A task that ended without a result. */
export function unfinished(bead: Pick<ClaimedBead, "beadId" | "epoch">, task: Partial<TaskResult> & Pick<TaskResult, "status">): BeadOutcome {
  return anOutcome(bead, { kind: "task", task: { ...TASK, ...task }, changeSet: [] });
}

/** Nothing ran: the directive waits for a person. */
export function suggestion(bead: Pick<ClaimedBead, "beadId" | "epoch">, reason = "trust allows SUGGEST"): BeadOutcome {
  return { ...anOutcome(bead, { kind: "suggest", reason }), autonomy: "SUGGEST", executionBeadId: null, toolCalls: 0, modelCalls: [] };
}

/** A failure outside the task. */
export function failure(
  bead: Pick<ClaimedBead, "beadId" | "epoch">,
  failureClass: Extract<BeadOutcome["result"], { kind: "failure" }>["failureClass"],
  code: Extract<BeadOutcome["result"], { kind: "failure" }>["code"],
  message: string = failureClass,
): BeadOutcome {
  return anOutcome(bead, { kind: "failure", failureClass, code, message });
}

/** One file written on the claimed tree; its content is stored as a blob. */
export async function writing(blobs: BlobStore, bead: Pick<ClaimedBead, "tree">, path: string, content: string): Promise<ChangeEntry> {
  const digest = await blobs.put(new TextEncoder().encode(content));
  return { path, baseDigest: bead.tree[path] ?? null, digest, bytes: content.length };
}
