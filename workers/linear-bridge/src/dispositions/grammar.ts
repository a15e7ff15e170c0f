/**
 * The grammar of a disposition: a block in a comment that starts with the trigger on a line of its own and ends at the first blank
 * line. Strict: what is not said exactly is refused with what is missing, and what is quoted, fenced or in the middle of a line is
 * no disposition at all. Pure; any text gives an answer.
 *
 * @see `contracts.md` 5
 */
import { DISPOSITION_VERBS, OVERRIDE_DIRECTIVES } from "@factory/schemas";
import type { Alternative, DispositionVerb, OverrideDirective } from "@factory/schemas";

/** What begins a disposition, in exactly these letters. Nothing that the factory writes in a comment contains it. */
export const TRIGGER = "DISPOSITION:";

/** Limits of a block, in UTF-16 units. */
export const GRAMMAR_LIMITS = {
  /** Of a rationale, a reason or a note; a signal takes 16 384. */
  textChars: 4_000,
  /** Of one option or of the reason why one was left. */
  optionChars: 500,
  /** Considered, and rejected. */
  options: 16,
  /** Shortest rationale: a word alone says nothing. */
  rationaleChars: 8,
} as const;

/** What can be asked of the way a run works. */
export const CONFIG_CHANGES = ["budget", "ceiling"] as const;
export type ConfigChange = (typeof CONFIG_CHANGES)[number];

/** Why it was decided so. */
export type Elucidation = { readonly rationale: string; readonly considered: readonly string[]; readonly rejected: readonly Alternative[] };

/** A disposition that is complete; absent fields are not there. */
export type ParsedDisposition =
  | ({ readonly verb: "resume" | "commission"; readonly note?: string } & Elucidation)
  | ({ readonly verb: "patch"; readonly patchId: string; readonly note: string } & Elucidation)
  | ({ readonly verb: "pipeline-config"; readonly change: ConfigChange; readonly value?: string } & Elucidation)
  | ({
      readonly verb: "override";
      readonly directive: OverrideDirective;
      readonly target?: string;
      readonly patchId?: string;
      readonly note: string;
    } & Elucidation)
  | { readonly verb: "reject"; readonly reason: string };

/** What a comment says. `faults` are sentences for its author; they repeat no more of the comment than a word. */
export type ParsedComment =
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly faults: readonly [string, ...string[]] }
  | { readonly kind: "disposition"; readonly disposition: ParsedDisposition };

/** Fields of each verb beside the elucidation; whether each has to be there. */
export const VERB_FIELDS = {
  resume: { note: "optional" },
  commission: { note: "optional" },
  patch: { "patch-id": "required", note: "required" },
  "pipeline-config": { change: "required", value: "optional" },
  override: { directive: "required", target: "optional", "patch-id": "optional", note: "required" },
  reject: { reason: "required" },
} as const satisfies Record<DispositionVerb, Record<string, "required" | "optional">>;

const ELUCIDATION_FIELDS: readonly string[] = ["rationale", "considered", "rejected"];

const SLUG = /^[a-z0-9][a-z0-9-]{0,63}$/;
const PATCH_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const AMOUNT = /^\d{1,9}(?:\.\d{1,2})? USD$/;
const FIELD_LINE = /^ {0,3}([A-Za-z][A-Za-z-]{0,39}) *:(.*)$/;
/** At most three blanks: more is a code block. */
const TRIGGER_LINE = /^ {0,3}DISPOSITION:(.*)$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const LINE_ENDS = /\r\n?|[\u0085\u2028\u2029]/g;

/** Reads a comment's Markdown. */
export function parseDisposition(body: string): ParsedComment {
  const [block, ...others] = blocksOf(body);
  if (block === undefined) return { kind: "none" };
  if (others.length > 0) return refused(["The comment holds more than one block. Write exactly one in a comment."]);
  const verb = DISPOSITION_VERBS.find((name) => name === block.verb);
  if (verb === undefined)
    return refused([
      `${block.verb === "" ? "The verb is missing" : `There is no verb ${word(block.verb)}`}. Verbs are ${DISPOSITION_VERBS.join(", ")}, in lower case and alone on the first line.`,
    ]);
  const faults: string[] = [];
  const fields = fieldsOf(block.lines, verb, faults);
  const disposition = dispositionOf(verb, fields, faults);
  return disposition === null || faults.length > 0 ? refused(faults) : { kind: "disposition", disposition };
}

type Block = { readonly verb: string; readonly lines: string[] };

/** Blocks that count: not quoted, not in a code fence. A line that goes on under a quotation without a blank line is quoted too. */
function blocksOf(body: string): Block[] {
  const blocks: Block[] = [];
  let fence: string | null = null;
  let quoted = false;
  let open: Block | null = null;
  for (const line of body.toWellFormed().replaceAll(LINE_ENDS, "\n").split("\n")) {
    if (fence !== null) {
      if (closesFence(line, fence)) fence = null;
      continue;
    }
    if (line.trim() === "") {
      open = null;
      quoted = false;
      continue;
    }
    const trigger = quoted ? undefined : TRIGGER_LINE.exec(line)?.[1];
    if (trigger !== undefined) {
      open = { verb: valueOf(trigger), lines: [] };
      blocks.push(open);
      continue;
    }
    if (open !== null) {
      open.lines.push(line);
      continue;
    }
    fence = fenceOf(line);
    quoted ||= /^ {0,3}>/.test(line);
  }
  return blocks;
}

/** The fence that a line opens; one of backticks has none after it. */
function fenceOf(line: string): string | null {
  const [, marks, info = ""] = FENCE.exec(line) ?? [];
  return marks === undefined || (marks.startsWith("`") && info.includes("`")) ? null : marks;
}

function closesFence(line: string, fence: string): boolean {
  const [, marks, info = ""] = FENCE.exec(line) ?? [];
  return marks !== undefined && marks.startsWith(fence) && info.trim() === "";
}

/** A value without what Markdown puts at the end of a line to break it. */
function valueOf(text: string): string {
  return text.replace(/\\\s*$/, "").trim();
}

type Fields = ReadonlyMap<string, string>;

function fieldsOf(lines: readonly string[], verb: DispositionVerb, faults: string[]): Fields {
  const known: readonly string[] = [...Object.keys(VERB_FIELDS[verb]), ...(verb === "reject" ? [] : ELUCIDATION_FIELDS)];
  const fields = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    const [, name, rest = ""] = FIELD_LINE.exec(line) ?? [];
    const value = valueOf(rest);
    if (name === undefined)
      faults.push(`Line ${index + 2} of the block is no field: each is a name, a colon and a value on one line, and a blank line ends the block.`);
    else if (!known.includes(name)) faults.push(`${verb} has no field ${word(name)}; its fields are ${known.join(", ")}, in lower case.`);
    else if (fields.has(name)) faults.push(`The field ${name} is there twice.`);
    else if (value === "") faults.push(`The field ${name} is empty.`);
    else if (value.length > GRAMMAR_LIMITS.textChars) faults.push(`The field ${name} is longer than ${GRAMMAR_LIMITS.textChars} characters.`);
    if (name !== undefined && !fields.has(name)) fields.set(name, value);
  }
  return fields;
}

function dispositionOf(verb: DispositionVerb, fields: Fields, faults: string[]): ParsedDisposition | null {
  for (const [name, need] of Object.entries(VERB_FIELDS[verb])) {
    if (need === "required" && !fields.has(name)) faults.push(`${verb} needs the field ${name}.`);
  }
  if (verb === "reject") return { verb, reason: fields.get("reason") ?? "" };
  const why = elucidationOf(verb, fields, faults);
  const note = fields.get("note");
  const patchId = fields.get("patch-id");
  if (patchId !== undefined && !PATCH_ID.test(patchId)) faults.push("patch-id is an id: letters, digits, dots, colons and dashes, at most 128.");
  switch (verb) {
    case "resume":
    case "commission":
      return { verb, ...(note === undefined ? {} : { note }), ...why };
    case "patch":
      return { verb, patchId: patchId ?? "", note: note ?? "", ...why };
    case "pipeline-config":
      return { verb, ...configChange(fields, faults), ...why };
    case "override":
      return { verb, ...order(fields, faults), ...(patchId === undefined ? {} : { patchId }), note: note ?? "", ...why };
    default: {
      const unknown: never = verb;
      return unknown;
    }
  }
}

function configChange(fields: Fields, faults: string[]): { readonly change: ConfigChange; readonly value?: string } {
  const asked = fields.get("change");
  const change = CONFIG_CHANGES.find((name) => name === asked);
  const value = fields.get("value");
  if (asked !== undefined && change === undefined) faults.push(`change is one of ${CONFIG_CHANGES.join(", ")}.`);
  if (change === "budget" && (value === undefined || !AMOUNT.test(value)))
    faults.push("change budget needs the field value with the whole new budget, such as 50 USD.");
  if (change === "ceiling" && value !== undefined) faults.push("change ceiling takes no value: the ceiling becomes what the run has now.");
  return { change: change ?? "budget", ...(value === undefined ? {} : { value }) };
}

function order(fields: Fields, faults: string[]): { readonly directive: OverrideDirective; readonly target?: string } {
  const asked = fields.get("directive");
  const directive = OVERRIDE_DIRECTIVES.find((name) => name === asked);
  const target = fields.get("target");
  if (asked !== undefined && directive === undefined) faults.push(`directive is one of ${OVERRIDE_DIRECTIVES.join(", ")}.`);
  if (target !== undefined && !SLUG.test(target)) faults.push("target is the name of an assembly; without it the directive is for the whole organisation.");
  if (directive === "emergency-patch" && target !== undefined) faults.push("emergency-patch has no target: it answers the review of this issue.");
  if (directive !== "emergency-patch" && fields.has("patch-id")) faults.push("Only emergency-patch has the field patch-id.");
  return { directive: directive ?? "force-suspend", ...(target === undefined ? {} : { target }) };
}

function elucidationOf(verb: DispositionVerb, fields: Fields, faults: string[]): Elucidation {
  const rationale = fields.get("rationale") ?? "";
  if (rationale.length < GRAMMAR_LIMITS.rationaleChars)
    faults.push(`${verb} needs the field rationale: why, in ${GRAMMAR_LIMITS.rationaleChars} characters or more.`);
  const considered = optionsOf("considered", fields, faults);
  if (considered.length === 0) faults.push(`${verb} needs the field considered with at least one option; a semicolon separates options.`);
  const rejected = optionsOf("rejected", fields, faults).map(alternativeOf);
  if (rejected.length === 0 || rejected.some((option) => option === null)) {
    faults.push(`${verb} needs the field rejected with at least one option and why it was left, as in: the option - the reason.`);
  }
  return { rationale, considered, rejected: rejected.filter((option) => option !== null) };
}

function optionsOf(name: string, fields: Fields, faults: string[]): string[] {
  const options = (fields.get(name) ?? "")
    .split(";")
    .map((option) => option.trim())
    .filter((option) => option !== "");
  if (options.length > GRAMMAR_LIMITS.options) faults.push(`The field ${name} has more than ${GRAMMAR_LIMITS.options} options.`);
  if (options.some((option) => option.length > GRAMMAR_LIMITS.optionChars))
    faults.push(`An option of the field ${name} is longer than ${GRAMMAR_LIMITS.optionChars} characters.`);
  return options;
}

/** `option - reason`; editors make a longer dash of two hyphens. */
function alternativeOf(text: string): Alternative | null {
  const [separator] = [...text.matchAll(/ (?:--?|–|—) /g)];
  if (separator === undefined) return null;
  const option = text.slice(0, separator.index).trim();
  const reason = text.slice(separator.index + separator[0].length).trim();
  return option === "" || reason === "" ? null : { option, reason };
}

/** A word of the comment, if it is one that is safe to repeat. */
function word(text: string): string {
  return /^[A-Za-z][A-Za-z-]{0,39}$/.test(text) ? `"${text}"` : "of that name";
}

/** Faults that are told: more are of no use to anybody. */
const MAX_FAULTS = 6;

function refused(faults: readonly string[]): ParsedComment {
  const [first = "The block is not complete.", ...rest] = new Set(faults);
  return { kind: "refused", faults: [first, ...rest.slice(0, MAX_FAULTS - 1)] };
}
