/** The first thing that does not hold. */

/** What is looked at, in this order. */
export const EVIDENCE_CHECKS = [
  "envelope",
  "payload type",
  "key",
  "signature",
  "statement",
  "predicate",
  "chain",
  "consistency",
  "lineage",
  "subjects",
  "tree",
  "log",
] as const;
export type EvidenceCheckName = (typeof EVIDENCE_CHECKS)[number];

/** What does not hold: where in the document (or in which file or line), what was expected and what was found. */
export type EvidenceFault = { readonly check: EvidenceCheckName; readonly path: string; readonly expected: string; readonly found: string };

/** Characters of a value in a fault: enough to recognise it. */
const MAX_SHOWN_CHARS = 200;

/** Stops a verification; never leaves `verifyEvidence`. */
export class DoesNotHold extends Error {
  readonly fault: Omit<EvidenceFault, "check">;

  constructor(path: string, expected: unknown, found: unknown) {
    super(`${path} does not hold`);
    this.name = "DoesNotHold";
    this.fault = { path, expected: clipped(expected), found: clipped(found) };
  }
}

/** Stops the verification unless it holds. */
export function hold(holds: boolean, path: string, expected: unknown, found: unknown): asserts holds {
  if (!holds) throw new DoesNotHold(path, expected, found);
}

function clipped(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  return text.length <= MAX_SHOWN_CHARS ? text : `${text.slice(0, MAX_SHOWN_CHARS)} [cut]`;
}
