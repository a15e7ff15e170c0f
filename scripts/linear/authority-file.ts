/** The authority registry from its file, checked as the bridge checks it; each fault with its line. */
import { readFileSync } from "node:fs";
import { isMap, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import type { z } from "zod";
import { authorityRegistry, type AuthorityRegistry } from "../../workers/linear-bridge/src/authority/authority-registry.ts";

/** The file is no registry; the message has one line a fault, each with the file's name and line. */
export class AuthorityFileError extends Error {
  override readonly name = "AuthorityFileError";
}

/** Reads the registry. @throws AuthorityFileError when the file cannot be read or is no registry that the bridge takes */
export function readAuthorityFile(path: string): AuthorityRegistry {
  return parseAuthority(path, textOf(path));
}

/** The registry in a YAML text. @param name - what faults call the file @throws AuthorityFileError */
export function parseAuthority(name: string, text: string): AuthorityRegistry {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: "core" });
  const at = (offset: number): string => `${name}:${lines.linePos(offset).line}`;
  const broken = [...document.errors, ...document.warnings].map(({ pos, message }) => `${at(pos[0])}: ${message}`);
  if (broken.length > 0) throw new AuthorityFileError(broken.join("\n"));
  const parsed = authorityRegistry.safeParse(valueOf(name, document));
  if (parsed.success) return parsed.data;
  throw new AuthorityFileError(parsed.error.issues.map((issue) => `${at(offsetOf(document, issue))}: ${faultText(issue)}`).join("\n"));
}

/** What a registry permits, as a line for whoever starts with it. */
export function authorityText({ version, orgs }: AuthorityRegistry): string {
  if (orgs.length === 0) return "the registry names no organisation: nothing is shown there and nobody may decide";
  const each = orgs.map(({ org, team, people }) => `${org} in team ${team.key}, ${people.length === 1 ? "1 person" : `${people.length} people`}`);
  return `version ${version} of the registry: ${each.join("; ")}`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    throw new AuthorityFileError(`${path} cannot be read: ${err instanceof Error ? err.message : String(err)}`, { cause: err });
  }
}

function valueOf(name: string, document: Document): unknown {
  try {
    return document.toJS();
  } catch (err) {
    // An alias of nothing, or one that makes much of little.
    throw new AuthorityFileError(`${name}: ${err instanceof Error ? err.message : String(err)}`, { cause: err });
  }
}

/** Where the fault is: at the name of a field that there should not be, else at the value, or at the innermost one around what is missing. */
function offsetOf(document: Document, issue: z.core.$ZodIssue): number {
  const path = [...issue.path, ...(issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [])];
  for (let depth = path.length; depth > 0; depth -= 1) {
    const offset = startOf(document, path.slice(0, depth));
    if (offset !== null) return offset;
  }
  return document.contents?.range?.[0] ?? 0;
}

/** Where a path's field begins, by its name in a mapping and by its value in a list; null where it is not there. */
function startOf(document: Document, path: readonly PropertyKey[]): number | null {
  const around: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  const pair = isMap(around) ? around.items.find(({ key }) => isScalar(key) && key.value === last) : undefined;
  if (pair !== undefined && isScalar(pair.key)) return pair.key.range?.[0] ?? null;
  const value: unknown = document.getIn(path, true);
  return typeof value === "object" && value !== null && "range" in value && Array.isArray(value.range) ? Number(value.range[0]) : null;
}

function faultText({ path, message }: z.core.$ZodIssue): string {
  const field = path.map(String).join(".");
  return field === "" ? `The registry ${message.charAt(0).toLowerCase()}${message.slice(1)}` : `${field}: ${message}`;
}
