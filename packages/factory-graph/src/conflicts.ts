/**
 * Whether an amended specification contradicts another one that its assembly has adopted. Facts come first: another
 * signature of the same function, or another value for the same arguments. Whether an added sentence contradicts what
 * another specification says of the function is judgement; where nobody can judge it, it stays open.
 */
import { RetryableError } from "@factory/durable";
import { digestOf, functionBlock } from "@factory/schemas";
import type { Claim, FunctionBlock } from "@factory/schemas";
import type { ArtifactGraphRpc, StoredNode } from "@factory/schemas/rpc";
import { z } from "zod";
import { parseClaims } from "./claim-nodes.ts";
import { failed, passed, unscored } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** A question to a judge: whether a sentence contradicts what is known of a function. Hidden examples are in neither part. */
export type ConflictQuestion = {
  readonly functionName: string;
  /** The claim that is amended, and the sentence that the amendment adds to it. */
  readonly claim: Omit<Claim, "holdout">;
  readonly note: string;
  /** Other adopted specifications of the assembly with the same function. */
  readonly others: readonly {
    readonly specificationId: string;
    readonly claims: readonly Omit<Claim, "holdout">[];
    readonly notes: readonly string[];
  }[];
};

/** `unknown`: the judge has no means, or gave no usable answer. */
export type ConflictAnswer = { readonly verdict: "compatible" | "contradicts" | "unknown"; readonly reason: string };

/** What looking for conflicts needs. */
export interface ConflictPorts {
  readonly graph: Pick<ArtifactGraphRpc, "activeSpecifications" | "edgesOf" | "getMany">;
  /** @throws what the call throws while asking again may help. */
  readonly judge: (question: ConflictQuestion) => Promise<ConflictAnswer>;
}

/** What is looked at. */
export type ConflictCase = {
  /** The specification that is to be amended. */
  readonly target: Pick<StoredNode, "id" | "data">;
  /** Its claims as the amendment makes them. */
  readonly claims: readonly Claim[];
  readonly claimId: string;
  /** The sentence that the amendment adds in words of its own; empty when it adds none. */
  readonly note: string;
  /** A person who decided on this very amendment: their judgement takes the judge's place. */
  readonly decidedBy: string | null;
};

/** Specifications that are looked through; an assembly with more is not looked through to its end, and the finding says so. */
const MAX_ACTIVE_SPECIFICATIONS = 1_000;
/** UTF-16 units of an answer from which on the graph may have left specifications out: half of what it answers at most, at one byte each. */
const MAX_ACTIVE_CHARS = 4_000_000;
/** Specifications that one question to a judge holds. */
const MAX_JUDGED = 20;
/** Claim sets read at once: what one object answers side by side. */
const READ_AT_ONCE = 5;

/** Looks for conflicts with the other active specifications of the assembly. @throws RetryableError when the graph did not answer. */
export async function findConflicts(ports: ConflictPorts, subject: ConflictCase): Promise<Finding> {
  const claim = subject.claims.find(({ claimId }) => claimId === subject.claimId);
  const functionName = claim === undefined ? undefined : functionOf(claim);
  if (claim === undefined || functionName === undefined) return passed("The claim is about no function that another specification could have.");
  const active = await ports.graph.activeSpecifications(MAX_ACTIVE_SPECIFICATIONS);
  const others = active.filter((node) => isAnother(node, subject.target) && functionsOf(node).some(({ name }) => name === functionName));
  const known = await withClaims(ports, onceEachOrder(others));
  const facts = known.flatMap((other) => contradictions(subject, functionName, other));
  if (facts.length > 0) return failed(facts.join("; "));
  if (mayBeCut(active)) return unscored(`The assembly has ${active.length} active specifications or more; not all of them were read.`);
  if (known.length === 0) return passed(`No other active specification of the assembly has \`${functionName}\`.`);
  if (subject.note === "") return passed(`${known.length} other active specifications have \`${functionName}\`; signature and examples agree.`);
  if (subject.decidedBy !== null) return passed(`${subject.decidedBy} decided on this note; signature and examples agree.`);
  return judged(ports, { functionName, claim, note: subject.note, known });
}

function mayBeCut(active: readonly StoredNode[]): boolean {
  return active.length >= MAX_ACTIVE_SPECIFICATIONS || active.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0) >= MAX_ACTIVE_CHARS;
}

/** A later specification of the same order's domain replaces this one; it does not stand beside it. */
function isAnother(node: StoredNode, target: ConflictCase["target"]): boolean {
  return node.id !== target.id && node.data["domain"] !== target.data["domain"];
}

function functionOf({ functionName, visible, holdout }: Claim): string | undefined {
  return functionName ?? visible[0]?.functionName ?? holdout[0]?.functionName;
}

const declared = z.looseObject({ functions: z.array(functionBlock) });

/** The function blocks of a specification; none for one that another kind of compiler wrote. */
function functionsOf({ data }: Pick<StoredNode, "data">): readonly FunctionBlock[] {
  const parsed = declared.safeParse(data);
  return parsed.success ? parsed.data.functions : [];
}

/** One specification of each order with the same notes: the same text, examples and signature need no second look. */
function onceEachOrder(nodes: readonly StoredNode[]): StoredNode[] {
  return [...new Map(nodes.toReversed().map((node) => [digestOf([node.data["orderDigest"] ?? node.id, notesOf(node)]), node])).values()].toReversed();
}

function notesOf({ data }: Pick<StoredNode, "data">): string[] {
  const notes = z.array(z.looseObject({ note: z.string() })).safeParse(data["notes"]);
  return notes.success ? notes.data.map(({ note }) => note) : [];
}

type Known = { readonly node: StoredNode; readonly claims: readonly Claim[] };

async function withClaims({ graph }: ConflictPorts, nodes: readonly StoredNode[]): Promise<Known[]> {
  const known: Known[] = [];
  for (let at = 0; at < nodes.length; at += READ_AT_ONCE) {
    const read = nodes.slice(at, at + READ_AT_ONCE).map(async (node): Promise<Known> => {
      const { out } = await graph.edgesOf(node.id);
      const answer = await graph.getMany(out.filter(({ rel }) => rel === "composed_of").map(({ target }) => target));
      if (!answer.ok) throw new RetryableError(`The artifact graph did not answer: ${answer.message}`);
      return { node, claims: parseClaims(answer.nodes.filter(({ type }) => type === "Claim")) };
    });
    known.push(...(await Promise.all(read)));
  }
  return known;
}

/** Facts that cannot both hold. Examples are named by line: one of them may be hidden. */
function contradictions({ target, claims }: ConflictCase, functionName: string, { node, claims: theirs }: Known): string[] {
  const block = functionsOf(target).find(({ name }) => name === functionName);
  const other = functionsOf(node).find(({ name }) => name === functionName);
  const found: string[] = [];
  if (block !== undefined && other !== undefined && shapeOf(block) !== shapeOf(other)) {
    found.push(`${node.id} has another signature of \`${functionName}\`: ${other.signature}`);
  }
  const expected = new Map(examplesOf(theirs, functionName).map((example) => [digestOf(example.args), example]));
  for (const example of examplesOf(claims, functionName)) {
    const same = expected.get(digestOf(example.args));
    if (same === undefined || digestOf(same.expected) === digestOf(example.expected)) continue;
    found.push(`the example of \`${functionName}\` on line ${example.line} contradicts line ${same.line} of ${node.id}`);
  }
  return found;
}

/** What a caller of the function depends on: parameter names are not part of it. */
function shapeOf({ params, returnType }: FunctionBlock): string {
  return digestOf({ params: params.map(({ type, optional }) => ({ type, optional })), returnType });
}

function examplesOf(claims: readonly Claim[], functionName: string) {
  return claims.flatMap(({ visible, holdout }) => [...visible, ...holdout]).filter((example) => example.functionName === functionName);
}

async function judged(
  ports: ConflictPorts,
  { functionName, claim, note, known }: { readonly functionName: string; readonly claim: Claim; readonly note: string; readonly known: readonly Known[] },
): Promise<Finding> {
  if (known.length > MAX_JUDGED) return unscored(`${known.length} other active specifications have \`${functionName}\`; one question holds ${MAX_JUDGED}.`);
  const answer = await ports.judge({
    functionName,
    claim: withoutHidden(claim),
    note,
    others: known.map(({ node, claims }) => ({
      specificationId: node.id,
      claims: claims.filter((one) => functionOf(one) === functionName).map(withoutHidden),
      notes: notesOf(node),
    })),
  });
  const about = `\`${functionName}\` is also in ${known.map(({ node }) => node.id).join(", ")}: ${answer.reason}`;
  switch (answer.verdict) {
    case "compatible":
      return passed(about);
    case "contradicts":
      return failed(about);
    case "unknown":
      return unscored(about);
    default:
      return answer.verdict satisfies never;
  }
}

function withoutHidden({ holdout: _hidden, ...visible }: Claim): Omit<Claim, "holdout"> {
  return visible;
}
