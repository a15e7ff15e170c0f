/** The check of an evidence package, the same code as `factory verify`. It knows no browser: a worker runs it, and tests do. */
import { sha256Hex } from "@factory/schemas";
import {
  EVIDENCE_CHECKS,
  EvidenceKeyError,
  readPublicKeys,
  shown,
  verifyEvidence,
  type EvidenceCheckName,
  type EvidenceFault,
  type EvidenceStatement,
} from "@factory/verification/evidence";

/** A delivered file as it was received. */
export type ReceivedFile = { readonly path: string; readonly bytes: Uint8Array };

/** What is checked and against what; null for what is not compared. */
export type EvidenceQuestion = {
  /** Bytes of `evidence.json`. */
  readonly package: Uint8Array;
  /** The factory's public keys, as it publishes them. */
  readonly keys: string;
  readonly files: readonly ReceivedFile[] | null;
  /** The session's log, an event a line. */
  readonly log: string | null;
};

/** How far one check came. */
export type StepState = "held" | "failed" | "not reached" | "not compared";
export type EvidenceStep = { readonly check: EvidenceCheckName; readonly state: StepState };

/** What the package says of itself, in figures; what is absent says why. */
export type EvidenceFacts = readonly (readonly [name: string, text: string])[];

export type EvidenceAnswer =
  | {
      readonly kind: "checked";
      readonly holds: boolean;
      readonly steps: readonly EvidenceStep[];
      readonly fault: EvidenceFault | null;
      /** Null unless signature and form hold. */
      readonly facts: EvidenceFacts | null;
      /** SHA-256 of the package's bytes. */
      readonly digest: string;
    }
  /** Nothing could be checked: that is no pass. */
  | { readonly kind: "unchecked"; readonly why: string };

/** A package cannot name itself, so a folder that holds it is compared without it. */
const EVIDENCE_FILE = "evidence.json";

/**
 * Checks a package.
 *
 * @param tell - is told what is being done, in words
 */
export async function checkEvidence(question: EvidenceQuestion, tell: (doing: string) => void): Promise<EvidenceAnswer> {
  try {
    const keys = readPublicKeys(question.keys);
    const tree = question.files === null ? null : treeOf(question.files, tell);
    tell("Checking the signature and what it covers");
    const { holds, held, notCompared, fault, statement } = await verifyEvidence({
      package: question.package,
      keys,
      ...(tree === null ? {} : { tree }),
      ...(question.log === null ? {} : { log: question.log }),
    });
    const stateOf = (check: EvidenceCheckName): StepState => {
      if (held.includes(check)) return "held";
      if (fault?.check === check) return "failed";
      return notCompared.some((name) => name === check) ? "not compared" : "not reached";
    };
    return {
      kind: "checked",
      holds,
      steps: EVIDENCE_CHECKS.map((check) => ({ check, state: stateOf(check) })),
      fault,
      facts: statement === null ? null : factsOf(statement),
      digest: sha256Hex(question.package),
    };
  } catch (err) {
    if (err instanceof EvidenceKeyError) return { kind: "unchecked", why: err.message };
    if (err instanceof Error && err.name === "NotSupportedError") {
      return { kind: "unchecked", why: "This browser cannot check Ed25519 signatures. `factory verify` checks the package on a computer." };
    }
    throw err;
  }
}

function treeOf(files: readonly ReceivedFile[], tell: (doing: string) => void): Map<string, string> {
  const tree = new Map<string, string>();
  for (const [index, { path, bytes }] of files.entries()) {
    tell(`Hashing file ${index + 1} of ${files.length}`);
    if (path !== EVIDENCE_FILE) tree.set(path, sha256Hex(bytes));
  }
  return tree;
}

const passedFailed = ({ passed, failed }: { readonly passed: number; readonly failed: number }): string => `${passed} passed, ${failed} failed`;

function factsOf({ subject, predicate }: EvidenceStatement): EvidenceFacts {
  const { session, order, chain, lineage, totals, run, deliverable, gates, reviews, consents, denials } = predicate;
  return [
    ["Order", order.title],
    ["Order's digest", order.digest],
    ["Session", `${session.sessionId}, ${session.outcome}`],
    ["Delivered files", shown(deliverable, ({ files, bytes }) => `${files}, ${bytes.toLocaleString()} bytes; ${subject.length} named with their digests`)],
    ["Events in the chain", String(chain.count)],
    ["Lineage", `${lineage.nodes.length} artifacts, ${lineage.edges.length} relations`],
    ["Claims", shown(totals.claims)],
    ["Beads", shown(totals.beads, ({ done, failed, other }) => `${done} done, ${failed} failed, ${other} other`)],
    ["Checks", shown(totals.checks, passedFailed)],
    ["Holdouts", shown(run, ({ holdouts }) => shown(holdouts, passedFailed))],
    ["Gates", `${gates.length} reports, ${gates.filter(({ outcome }) => outcome !== "PASS").length} that did not pass`],
    ["Reviews", String(reviews.length)],
    ["Divergences and amendments", `${totals.divergences} and ${totals.amendments}`],
    ["Consents and denials", `${consents.length} and ${denials.length}`],
    ["Model calls", `${totals.modelCalls}, ${shown(totals.inputTokens)} tokens in, ${shown(totals.outputTokens)} out`],
    ["Cost", shown(totals.costUsd, (usd) => `$${usd.toFixed(usd === 0 ? 2 : 4)}`)],
  ];
}
