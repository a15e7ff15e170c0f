/** The YAML front matter of a work order, read with faults at their lines. */
import { PRIORITIES, REVIEW_MODES } from "@factory/schemas";
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Node, Pair } from "yaml";
import { nearest } from "./faults.ts";
import type { Findings } from "./faults.ts";

/** What front matter may say; a field that it does not say is absent. */
export type FrontMatter = {
  title?: string;
  priority?: (typeof PRIORITIES)[number];
  reviewMode?: (typeof REVIEW_MODES)[number];
  targetRuntime?: string;
  language?: string;
  budgetUsd?: number;
  assembly?: string;
  files: string[];
};

/** The order's lines without front matter (blank lines stand in its place, so that lines keep their numbers) and the front matter. */
export type SplitOrder = { readonly body: string; readonly yaml: string | null };

/** Takes the front matter off. An unclosed one is a fault, and nothing of it is read. */
export function splitFrontMatter(text: string, findings: Findings): SplitOrder {
  const lines = text.split("\n");
  if (lines[0]?.trimEnd() !== "---") return { body: text, yaml: null };
  const end = lines.findIndex((line, index) => index > 0 && /^(---|\.\.\.)\s*$/.test(line));
  if (end < 0) {
    findings.fault(1, "FRONT_MATTER_UNCLOSED", "The front matter that starts here has no end. Close it with a line `---`.");
    return { body: ["", ...lines.slice(1)].join("\n"), yaml: null };
  }
  const blank = Array.from({ length: end + 1 }, () => "");
  return { body: [...blank, ...lines.slice(end + 1)].join("\n"), yaml: lines.slice(1, end).join("\n") };
}

/** Lines before the YAML text: the opening `---`. */
const LINES_BEFORE_YAML = 1;
const MAX_TITLE_CHARS = 200;
const MAX_SHORT_CHARS = 64;
const ASSEMBLY = /^[a-z0-9][a-z0-9-]{0,63}$/;

type Entry = { readonly key: string; readonly line: number; readonly value: Node | null };
type Reader = (entry: Entry, into: FrontMatter, findings: Findings) => void;

/** Reads YAML text into known fields; what does not fit is a fault at its line. */
export function readFrontMatter(yaml: string, findings: Findings): FrontMatter {
  const found: FrontMatter = { files: [] };
  const counter = new LineCounter();
  const lineOf = (offset: number): number => counter.linePos(offset).line + LINES_BEFORE_YAML;
  const document = parseYaml(yaml, counter, findings);
  if (document === null) return found;
  for (const problem of [...document.errors, ...document.warnings]) {
    findings.fault(lineOf(problem.pos[0]), "FRONT_MATTER_YAML", `This is not valid YAML: ${firstSentence(problem.message)}. Correct it, or quote the value.`);
  }
  if (document.contents === null || document.errors.length > 0) return found;
  if (!isMap(document.contents)) {
    findings.fault(LINES_BEFORE_YAML + 1, "FRONT_MATTER_YAML", "Front matter is not a mapping. Write one `key: value` a line.");
    return found;
  }
  for (const pair of document.contents.items) readPair(pair as Pair<Node, Node | null>, lineOf, found, findings);
  return found;
}

function parseYaml(yaml: string, counter: LineCounter, findings: Findings): ReturnType<typeof parseDocument> | null {
  try {
    return parseDocument(yaml, { lineCounter: counter, prettyErrors: false, uniqueKeys: true, strict: true });
  } catch (err) {
    // The YAML library recurses; text nested beyond its stack is the author's fault, not ours.
    findings.fault(1, "FRONT_MATTER_YAML", `The front matter cannot be read (${err instanceof Error ? err.name : "error"}). Write plain \`key: value\` lines.`);
    return null;
  }
}

function firstSentence(message: string): string {
  return (message.split("\n")[0] ?? message).replace(/\.$/, "");
}

function readPair(pair: Pair<Node, Node | null>, lineOf: (offset: number) => number, into: FrontMatter, findings: Findings): void {
  const line = lineOf(pair.key.range?.[0] ?? 0);
  const key = isScalar(pair.key) && typeof pair.key.value === "string" ? pair.key.value : String(pair.key);
  const read = Object.hasOwn(READERS, key) ? READERS[key as keyof typeof READERS] : undefined;
  if (read === undefined) {
    const near = nearest(key, Object.keys(READERS));
    const hint = near === undefined ? `Known keys: ${KNOWN_KEYS.join(", ")}` : `Did you mean \`${near}\``;
    findings.fault(line, "FRONT_MATTER_UNKNOWN_KEY", `\`${key.slice(0, MAX_SHORT_CHARS)}\` is not a known key. ${hint}${near === undefined ? "." : "?"}`);
    return;
  }
  read({ key, line, value: pair.value }, into, findings);
}

function expected({ key, line }: Entry, what: string, findings: Findings): void {
  findings.fault(line, "FRONT_MATTER_VALUE", `\`${key}\` must be ${what}.`);
}

function textOf({ value }: Entry): string | undefined {
  return isScalar(value) && typeof value.value === "string" && value.value.trim() !== "" ? value.value.trim() : undefined;
}

function shortText(entry: Entry, max: number, findings: Findings): string | undefined {
  const text = textOf(entry);
  if (text !== undefined && text.length <= max) return text;
  expected(entry, `text of 1 to ${max} characters; quote it if it looks like a number or a date`, findings);
  return undefined;
}

function oneOf<T extends string>(entry: Entry, allowed: readonly T[], findings: Findings): T | undefined {
  const text = textOf(entry);
  const match = allowed.find((value) => value === text);
  if (match === undefined) expected(entry, `one of ${allowed.map((value) => `\`${value}\``).join(", ")}`, findings);
  return match;
}

const READERS = {
  title: (entry, into, findings) => {
    const title = shortText(entry, MAX_TITLE_CHARS, findings);
    if (title !== undefined) into.title = title;
  },
  priority: (entry, into, findings) => {
    const priority = oneOf(entry, PRIORITIES, findings);
    if (priority !== undefined) into.priority = priority;
  },
  review_mode: (entry, into, findings) => {
    const mode = oneOf(entry, REVIEW_MODES, findings);
    if (mode !== undefined) into.reviewMode = mode;
  },
  target_runtime: (entry, into, findings) => {
    const runtime = shortText(entry, MAX_SHORT_CHARS, findings);
    if (runtime !== undefined) into.targetRuntime = runtime;
  },
  language: (entry, into, findings) => {
    const language = shortText(entry, MAX_SHORT_CHARS, findings);
    if (language === undefined) return;
    if (isSupportedLanguage(language)) into.language = "typescript";
    else findings.fault(entry.line, "LANGUAGE_UNSUPPORTED", `\`${language}\` cannot be delivered. Write \`language: typescript\` or leave it out.`);
  },
  budget_usd: (entry, into, findings) => {
    const amount = isScalar(entry.value) ? entry.value.value : undefined;
    if (typeof amount === "number" && Number.isFinite(amount) && amount >= 0) into.budgetUsd = amount;
    else expected(entry, "a number of US dollars, 0 or more", findings);
  },
  assembly: (entry, into, findings) => {
    const assembly = textOf(entry);
    if (assembly !== undefined && ASSEMBLY.test(assembly)) into.assembly = assembly;
    else expected(entry, "a slug of lower-case letters, digits and dashes", findings);
  },
  repository: (entry, _into, findings) => {
    findings.fault(
      entry.line,
      "REPOSITORY_UNSUPPORTED",
      "Orders with `repository` are not supported yet. Remove it and attach the starting tree with `files`.",
    );
  },
  files: (entry, into, findings) => {
    if (!isSeq(entry.value)) {
      expected(entry, "a list of paths or globs relative to the order", findings);
      return;
    }
    for (const item of entry.value.items) {
      const path = isScalar(item) && typeof item.value === "string" ? item.value.trim().replace(/^\.\//, "") : "";
      if (isInsidePath(path)) into.files.push(path);
      else expected(entry, "a list of relative paths without `..`, backslashes or empty segments", findings);
    }
  },
} as const satisfies Record<string, Reader>;

const KNOWN_KEYS = Object.keys(READERS);

/** True for the languages Factory delivers. */
export function isSupportedLanguage(language: string): boolean {
  return /^(typescript|ts)$/i.test(language);
}

function isInsidePath(path: string): boolean {
  return path !== "" && path.length <= 512 && !/[\0\\]/.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
