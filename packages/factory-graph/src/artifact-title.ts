/** One line for people about an artifact, from its content. Pure; content of any shape gives a line. */

/** Longest title, in UTF-16 code units. */
const MAX_TITLE_CHARS = 200;

/** Fields that name an artifact, by type: those that are there are put together. */
const NAMING: { readonly [type: string]: readonly string[] } = {
  Claim: ["claimId", "text"],
  Specification: ["title", "version"],
  Execution: ["role", "attempt", "cycle"],
  ExecutionTrace: ["outcome", "summary"],
  Divergence: ["divergenceType", "claimId", "observed"],
  Hypothesis: ["faultAttribution", "severity", "explanation", "rationale"],
  Amendment: ["scope", "change.mode", "change.note"],
  Verdict: ["outcome", "decidedBy"],
  VerificationReport: ["gate", "outcome"],
  Contract: ["statement"],
  Invariant: ["detector", "statement"],
  AtomDirective: ["role", "title"],
  RequirementAtom: ["role", "title"],
  MoleculeVerdict: ["outcome"],
  RunVerdict: ["outcome"],
  KnowingState: ["role", "autonomy"],
  ElucidationArtifact: ["disposition", "selectedOption"],
  EvidencePackage: ["packageDigest"],
};

/** Fields that name an artifact of any other type: the first that is there. */
const ANY_NAMING = ["title", "name", "statement", "text", "summary", "question", "reason", "action", "selectedOption", "role", "kind", "outcome", "status"];

/** Words for bare numbers, which say nothing alone. */
const NUMBERED: { readonly [field: string]: string } = { version: "version", attempt: "attempt", cycle: "cycle" };

/** A title of one line; empty when nothing in the content names the artifact. */
export function artifactTitle(type: string, data: { readonly [key: string]: unknown }): string {
  const fields = NAMING[type] ?? [];
  const parts = fields.flatMap((field) => words(field, data));
  const first = ANY_NAMING.flatMap((field) => words(field, data)).slice(0, 1);
  return clip(oneLine((parts.length > 0 ? parts : first).join(" · ")));
}

function words(field: string, data: { readonly [key: string]: unknown }): string[] {
  const value = valueAt(field, data);
  if (typeof value === "number") return [`${NUMBERED[field] ?? field} ${value}`];
  return typeof value === "string" && value.trim() !== "" ? [value] : [];
}

function valueAt(path: string, data: { readonly [key: string]: unknown }): unknown {
  let value: unknown = data;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    // The cast holds: any object is a record of unknown values.
    value = (value as { readonly [key: string]: unknown })[key];
  }
  return value;
}

/** Content may be what a model wrote: line breaks and control characters become single spaces. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
}

/** Cut between characters, not inside of one. */
function clip(text: string): string {
  if (text.length <= MAX_TITLE_CHARS) return text;
  const cut = text.slice(0, MAX_TITLE_CHARS - 1);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}
