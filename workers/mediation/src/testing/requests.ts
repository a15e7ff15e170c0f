/** Requests for tests, built through the compiler's own parser. */
import { parseWorkOrder } from "@factory/compiler";
import { contentId, sessionIdOf } from "@factory/schemas";
import type { AmendRequest, CompileRequest } from "@factory/schemas/rpc";

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

/** A compile request of a session of its own. */
export function aCompileRequest(name: string, text: string = ORDER): CompileRequest {
  const parsed = parseWorkOrder(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const sessionId = sessionIdOf("acme", "WO-1", name);
  return {
    org: "acme",
    sessionId,
    workOrderId: "WO-1",
    assembly: "shop",
    intentSpecificationId: contentId("IS", { kind: "IntentSpecification", org: "acme", content: {}, parents: [sessionId] }),
    intent: {},
    order: parsed.order,
    config: { reviewMode: "auto" },
    baseTree: {},
    elucidationArtifactId: contentId("ELC", { kind: "ElucidationArtifact", org: "acme", content: {}, parents: [sessionId] }),
  };
}

/** An amendment of the first claim that reveals a line, for some beads. */
export function anAmendRequest(request: CompileRequest, of: { readonly line: number; readonly beadIds: readonly string[] }): AmendRequest {
  const frame = { org: "acme", content: { line: of.line }, parents: [request.sessionId] };
  return {
    org: request.org,
    sessionId: request.sessionId,
    amendmentId: contentId("AMD", { kind: "Amendment", ...frame }),
    specificationId: contentId("SPEC", { kind: "Specification", ...frame }),
    claimId: "C-1",
    revealedLines: [of.line],
    note: "The example is visible now.",
    beadIds: of.beadIds,
  };
}
