/** Requests for tests, built through the compiler's own parser, and what the artifact graph has when each is made. */
import { parseWorkOrder } from "@factory/compiler";
import { artifactNode, sessionIdOf, sha256Hex } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { AmendRequest, ClearRequest, CompileRequest } from "@factory/schemas/rpc";
import { aClearanceBasis } from "../../../../scripts/testing/clearances.ts";

const ORDER = `# Carts

## Problem

Totals are wrong.

## Goal

Totals are right.

## Constraints

- Pure functions.

## Acceptance criteria

- \`lineTotal\` multiplies.
- \`cartTotal\` sums \`lineTotal\`.

\`\`\`ts
function lineTotal(price: number, quantity: number): number
function cartTotal(prices: number[]): number
\`\`\`

\`\`\`examples
lineTotal(2, 3) => 6
lineTotal(5, 1) => 5
lineTotal(0, 9) => 0
lineTotal(7, 2) => 14
lineTotal(4, 4) => 16
lineTotal(9, 9) => 81
cartTotal([1]) => 1
\`\`\`
`;

/** An order whose two functions need each other, which the gate refuses. */
export const CIRCULAR_ORDER = ORDER.replace("multiplies", "undoes `cartTotal`");

/** Nodes and edges of one append. */
export type Lineage = { readonly nodes: readonly ArtifactNode[]; readonly edges: readonly ArtifactEdge[] };

/** A compile request of a session of its own. */
export function aCompileRequest(name: string, text: string = ORDER): CompileRequest {
  const parsed = parseWorkOrder(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const session = { org: "acme", sessionId: sessionIdOf("acme", "WO-1", name) };
  const { intent, elucidation } = approvedNodes(session);
  return {
    ...session,
    workOrderId: "WO-1",
    assembly: "shop",
    intentSpecificationId: intent.id,
    intent: {},
    order: parsed.order,
    config: { reviewMode: "auto" },
    baseTree: {},
    elucidationArtifactId: elucidation.id,
    clearance: aClearanceBasis({ approvalId: receiptId(session) }),
  };
}

/** A request for another clearance of the session's run, on the same approval. */
export function aClearRequest(request: CompileRequest, fields: Partial<ClearRequest> = {}): ClearRequest {
  const { org, sessionId } = request;
  return { org, sessionId, requestId: "clear-1", basis: aClearanceBasis({ approvalId: receiptId(request) }), askedFor: null, ...fields };
}

/** The approval's receipt, in the words of an id of its own for each session. */
function receiptId({ sessionId }: Pick<CompileRequest, "sessionId">): string {
  return `APR-${sessionId.slice("SES-".length)}`;
}

/** The receipt as a session writes it. */
export function receiptLineage(request: CompileRequest): Lineage {
  const data = { action: "compile", approver: "ann", actionDigest: sha256Hex("action") };
  const { intentSpecificationId } = request;
  const id = receiptId(request);
  return {
    nodes: [{ id, type: "ApprovalReceipt", data, parents: [intentSpecificationId] }],
    edges: [{ source: id, rel: "source_ref", target: intentSpecificationId }],
  };
}

/** What a session has written when it asks for the compilation: its intent specification, and why it was chosen. */
export function approvedLineage(request: CompileRequest): Lineage {
  const { intent, elucidation } = approvedNodes(request);
  return { nodes: [intent, elucidation], edges: [{ source: elucidation.id, rel: "source_ref", target: intent.id }] };
}

function approvedNodes({ org, sessionId }: Pick<CompileRequest, "org" | "sessionId">) {
  const intent = artifactNode("IS", "IntentSpecification", org, { title: "Carts", sessionId }, []);
  const elucidation = artifactNode("ELC", "ElucidationArtifact", org, { decision: "approve", sessionId }, [intent.id]);
  return { intent, elucidation };
}

/** An amendment of the first claim that reveals a line, for some beads. */
export function anAmendRequest(request: CompileRequest, of: { readonly line: number; readonly beadIds: readonly string[] }): AmendRequest {
  const { org, sessionId } = request;
  const { amendment, successor } = adoptedNodes(request, of.line);
  return {
    org,
    sessionId,
    amendmentId: amendment.id,
    specificationId: successor.id,
    claimId: "C-1",
    revealedLines: [of.line],
    note: "The example is visible now.",
    beadIds: of.beadIds,
    verdictChange: { kind: "none" },
  };
}

/** What the adoption of an amendment has written when mediation hears of it: the amendment, and the successor of a specification. */
export function adoptedLineage(request: AmendRequest, specificationId: string): Lineage {
  const { amendment, successor } = adoptedNodes(request, request.revealedLines[0] ?? 0);
  return {
    nodes: [amendment, successor],
    edges: [
      { source: amendment.id, rel: "proposes_modification_of", target: specificationId },
      { source: successor.id, rel: "version_of", target: specificationId },
    ],
  };
}

function adoptedNodes({ org, sessionId }: Pick<AmendRequest, "org" | "sessionId">, line: number) {
  const amendment = artifactNode("AMD", "Amendment", org, { claimId: "C-1", line, sessionId }, []);
  const successor = artifactNode("SPEC", "Specification", org, { assembly: "shop", domain: "WO-1", version: 2 }, [amendment.id]);
  return { amendment, successor };
}
