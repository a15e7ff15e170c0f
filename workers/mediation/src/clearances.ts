/**
 * Clearances: what mediation has read of an order when it lets its run begin, as a record of the lineage and as what the
 * coordinator's dispatch gate reads.
 *
 * The record's id is over what was read and on whose word, with the request it answers in the place of the time: times are never
 * hashed, and two clearances that say the same are two records all the same. When it was read is on the edge to the specification.
 */
import { CLEARANCE_HEADROOM, ORCHESTRATION_SURFACE, artifactNode, idSchema, isResearch, sha256Hex } from "@factory/schemas";
import type { ArtifactEdge, Clearance, WorkOrder } from "@factory/schemas";
import { GEARS } from "@factory/gears";
import type { AmendableRun, CompiledArtifact } from "@factory/compiler";
import type { ClearanceBasis, CompileRequest, SeedRequest } from "@factory/schemas/rpc";

/** The request that the clearance of a seed answers. */
export const SEED_REQUEST_ID = "seed";

/** UTF-16 units of the target runtime in the summary: an order may say anything there. */
const MAX_RUNTIME_CHARS = 200;
/** Headings of an order under which it says how its result is deployed. */
const DEPLOYMENT_HEADING = /\b(deploy\w*|release|releasing|roll-?out)\b/i;

/** What a clearance is written on. */
export type ClearanceInput = {
  readonly run: Pick<AmendableRun, "request" | "atoms">;
  /** What the coordinator was seeded with, or is about to be. */
  readonly seed: Pick<SeedRequest, "beads">;
  /** The specification that is in force. */
  readonly specificationId: string;
  readonly basis: ClearanceBasis;
  /** Whether the receipt of the approval is in the assembly's graph. */
  readonly receiptKnown: boolean;
  readonly requestId: string;
  readonly askedFor: number;
  /** The clearance in whose place this one is put; null for the first. */
  readonly before: Clearance | null;
  /** Clock in epoch milliseconds. */
  readonly now: number;
};

/** Reads specification, deployment notes and work graph, and writes the clearance with its record. */
export function writeClearance(input: ClearanceInput): { readonly clearance: Clearance; readonly artifact: CompiledArtifact } {
  const { run, basis, requestId, specificationId, now } = input;
  const { org, intentSpecificationId } = run.request;
  const read = whatWasRead(input);
  const data = {
    ...read,
    requestId,
    ...basis,
    explicitness: "stated",
    rationale: basis.approvedBy === "person" ? `Approved by ${basis.approver}.` : "Policy lets the order begin without a person.",
  };
  const node = artifactNode("CLE", "ClearanceRecord", org, data, [specificationId, intentSpecificationId]);
  const timestamp = new Date(now).toISOString();
  return { clearance: { timestamp, ...read, clearanceId: node.id }, artifact: { node, edges: edgesOf(node.id, input, timestamp) } };
}

/** The order's own words on deployment, section by section; empty where it has none. */
export function deploymentNotes({ unknownSections }: Pick<WorkOrder, "unknownSections">): string {
  return unknownSections.flatMap(({ heading, text }) => (DEPLOYMENT_HEADING.test(heading) ? [`${heading}\n${text}`] : [])).join("\n\n");
}

function whatWasRead({ run, seed, specificationId, askedFor }: ClearanceInput): Omit<Clearance, "timestamp" | "clearanceId"> {
  const { request, atoms } = run;
  const notes = deploymentNotes(request.order);
  const teams = [...seed.beads.map(({ directive }) => directive.team), ...atoms.map(({ plan }) => GEARS[plan.role].team)];
  return {
    sessionId: idSchema("SES").parse(request.sessionId),
    assembly: request.assembly,
    specificationRead: idSchema("SPEC").parse(specificationId),
    deploymentNotesRead: sha256Hex(notes),
    deploymentSummary: summaryOf(request, notes),
    askedFor,
    approvedSubTasks: atoms.map(({ beadId }) => beadId),
    ceiling: askedFor + CLEARANCE_HEADROOM,
    approvedTeams: [...new Set(teams)].sort(),
    orchestrationSurface: ORCHESTRATION_SURFACE,
    toolContractRequired: atoms.some(({ plan }) => isResearch({ outcome: plan.role === "verifier:outcome", directive: { fileScope: { write: plan.writes } } })),
  };
}

/** One line: what is delivered, where it will run, what it begins from, and whether the order says how it is deployed. */
function summaryOf({ config, order, baseTree }: Pick<CompileRequest, "config" | "order" | "baseTree">, notes: string): string {
  const files = Object.keys(baseTree).length;
  const runtime = config.targetRuntime ?? order.targetRuntime;
  return [
    runtime === undefined ? `${config.language ?? "typescript"} for no runtime in particular` : `${config.language ?? "typescript"} for ${oneLine(runtime)}`,
    files === 0 ? "no repository to begin from" : `a repository of ${files} files to begin from`,
    notes === "" ? "no notes on deployment" : "deployed as the order says",
  ].join("; ");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, MAX_RUNTIME_CHARS).toWellFormed();
}

/** Both ends of each exist when the record is appended: what mediation does not write itself was looked for. */
function edgesOf(clearanceId: string, { run, specificationId, basis, receiptKnown, before }: ClearanceInput, readAt: string): ArtifactEdge[] {
  return [
    { source: clearanceId, rel: "source_ref", target: specificationId, props: { readAt } },
    { source: clearanceId, rel: "source_ref", target: run.request.intentSpecificationId },
    ...(receiptKnown ? [{ source: clearanceId, rel: "derived_from", target: basis.approvalId }] : []),
    ...(before === null ? [] : [{ source: clearanceId, rel: "corrects", target: before.clearanceId }]),
  ];
}
