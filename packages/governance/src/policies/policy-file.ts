/** Reads policies from a YAML file; whatever is wrong is told by its line. */
import { LineCounter, isMap, isNode, isScalar, isSeq, parseAllDocuments, visit, type Document } from "yaml";
import { z } from "zod";

/** What is wrong, and where; lines count from 1. */
export type PolicyFault = { readonly line: number; readonly problem: string };

/** A policy as the file has it; times are RFC 3339. */
export type FilePolicy = z.infer<typeof filePolicy>;

/** A policy with the lines its fields are on. */
export type ReadPolicy = {
  readonly policy: FilePolicy;
  /** The line of a field by its path, such as `rules.tools.2`; that of the nearest field around it where it is absent. */
  lineOf(field: string): number;
};

const filePolicy = z.strictObject({
  scope: z.string(),
  autonomy: z.string(),
  rules: z.record(z.string(), z.json()).default({}),
  effective_at: z.string().optional(),
  expires_at: z.string().optional(),
});

/** Reads every document of a file. With a fault in one of them there is no policy. */
export function readPolicies(text: string): { readonly policies: readonly ReadPolicy[]; readonly faults: readonly PolicyFault[] } {
  const counter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: counter, prettyErrors: false });
  const documents = Array.isArray(parsed) ? parsed.filter(({ contents, errors }) => errors.length > 0 || !isEmpty(contents)) : [];
  if (documents.length === 0) return { policies: [], faults: [{ line: 1, problem: "The file holds no policy." }] };
  const read = documents.map((document) => readDocument(document, counter));
  const faults = [...read.flatMap(({ faults: found }) => found), ...repeatedScopes(read.flatMap(({ policy }) => policy ?? []))];
  return { policies: faults.length > 0 ? [] : read.flatMap(({ policy }) => policy ?? []), faults };
}

/** A document of comments only, as after a last `---`. */
function isEmpty(contents: unknown): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

type Read = { readonly policy?: ReadPolicy; readonly faults: readonly PolicyFault[] };

function readDocument(document: Document, counter: LineCounter): Read {
  const syntax = [...document.errors, ...document.warnings].map(({ pos, message }) => ({ line: lineAt(counter, pos[0]), problem: message }));
  if (syntax.length > 0) return { faults: syntax };
  const aliases = unknownAliases(document).map(({ offset, source }) => ({ line: lineAt(counter, offset), problem: `*${source} names no anchor.` }));
  if (aliases.length > 0) return { faults: aliases };
  const lineOf = (path: readonly PropertyKey[]): number => lineAt(counter, offsetOf(document, path));
  let content: unknown;
  try {
    content = document.toJS();
  } catch (err) {
    // Aliases of aliases that would grow without bound.
    return { faults: [{ line: lineOf([]), problem: err instanceof Error ? err.message : String(err) }] };
  }
  const parsed = filePolicy.safeParse(content);
  if (!parsed.success) return { faults: parsed.error.issues.flatMap((issue) => faultsOf(issue, lineOf)) };
  return { policy: { policy: parsed.data, lineOf: (field) => lineOf(field.split(".")) }, faults: [] };
}

function unknownAliases(document: Document): { readonly offset: number; readonly source: string }[] {
  const unknown: { offset: number; source: string }[] = [];
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) === undefined) unknown.push({ offset: alias.range?.[0] ?? 0, source: alias.source });
    },
  });
  return unknown;
}

function faultsOf(issue: z.core.$ZodIssue, lineOf: (path: readonly PropertyKey[]) => number): PolicyFault[] {
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(filePolicy.shape).join(", ");
    return issue.keys.map((key) => ({ line: lineOf([...issue.path, key]), problem: `${key} is no field of a policy; they are ${known}.` }));
  }
  const field = issue.path.map(String).join(".");
  return [{ line: lineOf(issue.path), problem: `${field === "" ? "A policy" : field}: ${issue.message}` }];
}

/** Two policies of one scope in one file: which of them is meant? */
function repeatedScopes(policies: readonly ReadPolicy[]): PolicyFault[] {
  const first = new Map<string, number>();
  return policies.flatMap(({ policy: { scope }, lineOf }) => {
    const line = lineOf("scope");
    const before = first.get(scope);
    if (before === undefined) first.set(scope, line);
    return before === undefined ? [] : [{ line, problem: `The scope ${scope} has a policy in line ${before} already.` }];
  });
}

/** Where a path is in the text; of what is not there, where the nearest thing around it is. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (pair === undefined) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      if (!isNode(node)) break;
      offset = node.range?.[0] ?? offset;
    } else {
      break;
    }
  }
  return offset;
}

/** The line of an offset; an error at the end of the text is on its last line. */
function lineAt(counter: LineCounter, offset: number): number {
  return Math.max(1, counter.linePos(offset).line);
}
