/**
 * Watches "only computes": a module may use the language and what it declares or imports, and nothing that reads a clock,
 * chance, the network, the host or the process. What is allowed is listed, so a new ambient name is a violation and not a
 * gap.
 */
import type * as acorn from "acorn";
import { fullAncestor } from "acorn-walk";
import { freeReferences } from "./free-names.ts";
import type { FreeReference } from "./free-names.ts";
import { parseSource } from "./parse-source.ts";
import type { SourceDetector, Violation } from "./violation.ts";

/** Globals whose answers depend on their arguments only. `Math` and `Date` have rules of their own below. */
const PURE_GLOBALS: ReadonlySet<string> = new Set(
  (
    "AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Error EvalError Float16Array Float32Array Float64Array Infinity Int16Array " +
    "Int32Array Int8Array Intl Iterator JSON Map NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TextDecoder " +
    "TextEncoder TypeError URIError URL URLSearchParams Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet atob btoa decodeURI decodeURIComponent " +
    "encodeURI encodeURIComponent isFinite isNaN parseFloat parseInt structuredClone undefined"
  ).split(" "),
);

/** Functions of `Date` that read no clock. */
const PURE_DATE_MEMBERS: ReadonlySet<string> = new Set(["UTC", "parse"]);

/** Finds uses of ambient names in one module. Source that cannot be read is a violation. */
export const noAmbientAccess: SourceDetector = (file, source) => {
  const parsed = parseSource(source);
  if (!parsed.ok) return [{ file, line: parsed.line, message: `cannot be checked for ambient access: ${parsed.reason}` }];
  const found = freeReferences(parsed.program).flatMap((reference) => ambientUse(file, reference));
  return [...found, ...escapes(file, parsed.program)].sort((a, b) => a.line - b.line);
};

function ambientUse(file: string, { name, line, above }: FreeReference): Violation[] {
  if (PURE_GLOBALS.has(name)) return [];
  const parent = above.at(-1);
  if (name === "Math")
    return memberName(parent, name) !== undefined && memberName(parent, name) !== "random" ? [] : [{ file, line, message: mathMessage(parent) }];
  if (name === "Date") return isPureDate(parent) ? [] : [{ file, line, message: "reads the clock through Date; take the moment as an argument" }];
  return [{ file, line, message: `uses ${name}, which is not declared here and is not part of what only computes` }];
}

function mathMessage(parent: acorn.AnyNode | undefined): string {
  return memberName(parent, "Math") === "random"
    ? "uses Math.random; take chance as an argument"
    : "hands Math on as a value, which hides whether Math.random is used; name the function as Math.<name>";
}

/** The member that is read off the name, when it is named in the source. */
function memberName(parent: acorn.AnyNode | undefined, object: string): string | undefined {
  if (parent?.type !== "MemberExpression" || parent.object.type !== "Identifier" || parent.object.name !== object) return undefined;
  if (!parent.computed) return parent.property.type === "Identifier" ? parent.property.name : undefined;
  return parent.property.type === "Literal" && typeof parent.property.value === "string" ? parent.property.value : undefined;
}

/** `new Date(x)` with a first argument, `Date.UTC`, `Date.parse` and `x instanceof Date` read no clock. */
function isPureDate(parent: acorn.AnyNode | undefined): boolean {
  if (parent === undefined) return false;
  const member = memberName(parent, "Date");
  if (member !== undefined) return PURE_DATE_MEMBERS.has(member);
  if (parent.type === "BinaryExpression") return parent.operator === "instanceof" && parent.right.type === "Identifier";
  if (parent.type !== "NewExpression" || parent.callee.type !== "Identifier" || parent.callee.name !== "Date") return false;
  return parent.arguments[0] !== undefined && parent.arguments[0].type !== "SpreadElement";
}

/** Ways to the surroundings that name no global: `import.meta`, and the constructor of a function. */
function escapes(file: string, program: acorn.Program): Violation[] {
  const found: Violation[] = [];
  fullAncestor(program, (node) => {
    const line = node.loc?.start.line ?? 1;
    if (node.type === "MetaProperty" && node.meta.name === "import") found.push({ file, line, message: "uses import.meta, which tells of the host" });
    if (node.type !== "MemberExpression") return;
    const { property, computed } = node;
    const named =
      (!computed && property.type === "Identifier" && property.name === "constructor") ||
      (computed && property.type === "Literal" && property.value === "constructor");
    if (named) found.push({ file, line, message: "reads .constructor, through which any code can be made and run" });
  });
  return found;
}
