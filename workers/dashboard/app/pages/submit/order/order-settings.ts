/** The fields of an order's front matter that a form may change. The text is the truth; a change that could touch more than its field is refused. */
import { isMap, isScalar, parseDocument, stringify, type Pair, type YAMLMap } from "yaml";

/** Fields of the form, by their names in the front matter. */
export const SETTING_NAMES = ["title", "review_mode", "priority", "budget_usd", "assembly"] as const;
export type SettingName = (typeof SETTING_NAMES)[number];

/** What the front matter says, as text; null for what it does not say. */
export type OrderSettings = { readonly [S in SettingName]: string | null };

type Front = { readonly yaml: string; /** Offset of the YAML in the order. */ readonly at: number };

const OPENING = "---\n";

/** The front matter's YAML; null without one, undefined for one that does not end. */
function frontOf(text: string): Front | null | undefined {
  if (!/^---[^\S\n]*(\n|$)/.test(text)) return null;
  const at = text.indexOf("\n") + 1;
  const end = /^(?:---|\.\.\.)[^\S\n]*$/m.exec(text.slice(at));
  return at === 0 || end === null ? undefined : { yaml: text.slice(at, at + end.index), at };
}

/** The mapping of a front matter, null when it is none. */
function mapOf(yaml: string): YAMLMap | null {
  const document = parseDocument(yaml, { prettyErrors: false, uniqueKeys: true, strict: true });
  if (document.errors.length > 0 || document.warnings.length > 0) return null;
  return isMap(document.contents) ? document.contents : null;
}

/** Nothing but blanks and remarks. */
const isBlank = (yaml: string): boolean => yaml.split("\n").every((line) => /^\s*(#.*)?$/.test(line));

/** What the front matter says; null when it cannot be read. */
export function readSettings(text: string): OrderSettings | null {
  const front = frontOf(text);
  if (front === undefined) return null;
  const map = front === null || isBlank(front.yaml) ? null : mapOf(front.yaml);
  if (front !== null && !isBlank(front.yaml) && map === null) return null;
  const valueOf = (name: SettingName): string | null => {
    const value = map?.get(name);
    return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : null;
  };
  return {
    title: valueOf("title"),
    review_mode: valueOf("review_mode"),
    priority: valueOf("priority"),
    budget_usd: valueOf("budget_usd"),
    assembly: valueOf("assembly"),
  };
}

/**
 * The order with one field changed, and everything else as it was.
 *
 * @param value - null takes the field away
 * @returns null when the front matter cannot be read, or is written so that the field cannot be changed alone
 */
export function withSetting(text: string, name: SettingName, value: string | null): string | null {
  const before = readSettings(text);
  const front = frontOf(text);
  if (before === null || front === undefined) return null;
  if (before[name] === value) return text;
  const line = value === null ? "" : `${name}: ${scalarText(name, value)}\n`;
  if (front === null) return `${OPENING}${line}---\n${text.startsWith("\n") ? "" : "\n"}${text}`;
  const yaml = changedYaml(front.yaml, name, line);
  if (yaml === null) return null;
  const after = `${text.slice(0, front.at)}${yaml}${text.slice(front.at + front.yaml.length)}`;
  return onlyChanged(front.yaml, yaml, name) && readSettings(after)?.[name] === value ? after : null;
}

function changedYaml(yaml: string, name: SettingName, line: string): string | null {
  if (isBlank(yaml)) return `${yaml}${line}`;
  const pair = mapOf(yaml)?.items.find(({ key }) => isScalar(key) && key.value === name);
  if (pair === undefined) return `${yaml}${yaml.endsWith("\n") ? "" : "\n"}${line}`;
  const place = placeOf(pair, yaml);
  if (place === null) return null;
  // A remark behind the value stays, unless the field goes.
  return line === "" ? `${yaml.slice(0, place.from)}${yaml.slice(place.end)}` : `${yaml.slice(0, place.from)}${line.trimEnd()}${yaml.slice(place.to)}`;
}

type Place = { readonly from: number; /** Behind the value. */ readonly to: number; /** Behind the line. */ readonly end: number };

/** Where a field stands that has a line to itself; null for one that has more, or not all of one. */
function placeOf({ key, value }: Pair, yaml: string): Place | null {
  if (!isScalar(key) || (value !== null && !isScalar(value))) return null;
  const from = key.range?.[0];
  const to = value?.range?.[1];
  if (from === undefined || to === undefined || (from > 0 && yaml[from - 1] !== "\n")) return null;
  const newline = yaml.indexOf("\n", from);
  const end = newline < 0 ? yaml.length : newline + 1;
  return to <= end ? { from, to, end } : null;
}

/** A value as YAML that reads back as it: numbers bare, text quoted where it would be something else. */
function scalarText(name: SettingName, value: string): string {
  const number = Number(value);
  const isNumber = name === "budget_usd" && value.trim() !== "" && Number.isFinite(number) && String(number) === value;
  return isNumber ? value : stringify(value, { lineWidth: 0 }).trimEnd();
}

function onlyChanged(before: string, after: string, name: SettingName): boolean {
  const rest = (yaml: string): string | null => {
    if (isBlank(yaml)) return "{}";
    const map = mapOf(yaml);
    if (map === null) return null;
    const entries = Object.entries(map.toJSON() as { readonly [key: string]: unknown });
    return JSON.stringify(Object.fromEntries(entries.filter(([key]) => key !== name)));
  };
  const [was, is] = [rest(before), rest(after)];
  // A front matter whose last field was taken away is empty, and says as little.
  return was !== null && (is ?? "{}") === was;
}

/** Paths and globs that the front matter's `files` names; none when it cannot be read. */
export function namedFiles(text: string): readonly string[] {
  const front = frontOf(text);
  const map = front === null || front === undefined ? null : mapOf(front.yaml);
  const { files } = (map?.toJSON() ?? {}) as { readonly files?: unknown };
  return Array.isArray(files) ? files.filter((name) => typeof name === "string").map((name) => name.trim().replace(/^\.\//, "")) : [];
}
