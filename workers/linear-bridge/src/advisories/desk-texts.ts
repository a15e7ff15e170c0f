/** What a digest and the issue of an advisory that was carried over too often say; what others wrote goes through the choke point. */
import { markdownText } from "@factory/governance/untrusted-text";
import { sessionSubject } from "../projection/model.ts";
import type { Advisory, Binding, BindingSubject } from "../projection/model.ts";
import { ESCALATED_AFTER } from "./surfacing-plan.ts";
import type { Period } from "./surfacing-plan.ts";

/** An advisory as a period shows it. */
export type Surfacing = {
  readonly advisory: Advisory;
  /** Periods that it was carried over into, this one included. */
  readonly carriedOver: number;
};

/** Looks up the issue of a thing. */
export type BindingOf = (subject: BindingSubject) => Binding | null;

/** Longest text of one advisory in a digest, in code points. */
const MAX_LINE = 300;

/** Description of a digest. @param more - whether advisories wait that had no room in it */
export function digestText(period: Period, surfacings: readonly Surfacing[], more: boolean, bindingOf: BindingOf): string {
  const isEscalated = ({ carriedOver }: Surfacing): boolean => carriedOver >= ESCALATED_AFTER;
  const isCarried = (entry: Surfacing): boolean => entry.carriedOver > 0 && !isEscalated(entry);
  return paragraphs([
    `What the factory noticed and nothing waits for, as of ${markdownText(period.name)}.`,
    section(
      "New",
      surfacings.filter(({ carriedOver }) => carriedOver === 0),
      bindingOf,
    ),
    section("Carried over once", surfacings.filter(isCarried), bindingOf),
    section("Carried over twice: each has an issue of its own and is not listed again", surfacings.filter(isEscalated), bindingOf),
    more ? "More wait than one digest lists; they come with the next." : "",
  ]);
}

/** Description of an escalated advisory's own issue. */
export function carriedOverText(advisory: Advisory, bindingOf: BindingOf): string {
  const facts = [
    ["Severity", markdownText(advisory.severity)],
    ["Assembly", known(advisory.assembly)],
    ["Session", sessionLink(advisory, bindingOf)],
    ["Bead", known(advisory.beadId)],
    ["Hypothesis", known(advisory.hypothesisId)],
    ["Noticed", new Date(advisory.queuedAt).toISOString()],
  ] as const;
  return paragraphs([
    "This was surfaced in three periods and is still open. No digest lists it again; this issue stands for it.",
    markdownText(advisory.text),
    facts.map(([name, value]) => `- ${name}: ${value}`).join("\n"),
  ]);
}

function section(title: string, surfacings: readonly Surfacing[], bindingOf: BindingOf): string {
  if (surfacings.length === 0) return "";
  return paragraphs([`## ${title}`, surfacings.map(({ advisory }) => line(advisory, bindingOf)).join("\n")]);
}

function line(advisory: Advisory, bindingOf: BindingOf): string {
  const kind = advisory.kind === "note" ? "note" : markdownText(advisory.severity);
  const details = [
    `assembly ${known(advisory.assembly)}`,
    `session ${sessionLink(advisory, bindingOf)}`,
    ...(advisory.beadId === null ? [] : [`bead ${markdownText(advisory.beadId)}`]),
    ...(advisory.hypothesisId === null ? [] : [`hypothesis ${markdownText(advisory.hypothesisId)}`]),
    `noticed ${new Date(advisory.queuedAt).toISOString()}`,
  ];
  return `- **${kind}**: ${markdownText(advisory.text, MAX_LINE)} (${details.join(", ")})`;
}

function known(value: string | null): string {
  return value === null || value === "" ? "not told" : markdownText(value);
}

function sessionLink({ sessionId }: Advisory, bindingOf: BindingOf): string {
  const { identifier = null, url = null } = bindingOf(sessionSubject(sessionId)) ?? {};
  return identifier === null || url === null ? markdownText(sessionId) : `[${identifier}](${url})`;
}

const paragraphs = (parts: readonly string[]): string => parts.filter((part) => part !== "").join("\n\n");
