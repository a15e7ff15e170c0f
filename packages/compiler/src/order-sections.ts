/** Which section of an order each heading begins, and the statements in it. */
import type { Statement } from "@factory/schemas";
import { nearest } from "./faults.ts";
import type { Findings } from "./faults.ts";
import type { Passage, Section } from "./markdown.ts";

/** The sections an order may have, by their heading in lower case. */
export const KNOWN_SECTIONS = {
  problem: "problem",
  goal: "goal",
  constraints: "constraints",
  "acceptance criteria": "acceptanceCriteria",
  "success metrics": "successMetrics",
  "out of scope": "outOfScope",
} as const;
export type SectionName = (typeof KNOWN_SECTIONS)[keyof typeof KNOWN_SECTIONS];

/** A passage with the heading of the sub-section it stands in, if any. */
export type PlacedPassage = Passage & { readonly under: string };

export type KnownSection = { readonly line: number; readonly texts: string[]; readonly passages: PlacedPassage[] };

export type SortedSections = {
  /** The first level-one heading that names no section. */
  readonly title: { readonly text: string; readonly line: number } | undefined;
  readonly known: ReadonlyMap<SectionName, KnownSection>;
  readonly unknown: { heading: string; line: number; text: string }[];
};

/**
 * Sorts sections into known and unknown ones. A deeper heading that names no section of its own belongs to the section
 * above it. What no known section holds is kept and reported.
 */
export function sortSections(sections: readonly Section[], findings: Findings): SortedSections {
  const known = new Map<SectionName, KnownSection>();
  const unknown: SortedSections["unknown"] = [];
  let title: SortedSections["title"];
  let current: { name: SectionName; depth: number } | undefined;
  for (const section of sections) {
    const name = sectionNameOf(section.heading);
    if (name !== undefined) {
      current = { name, depth: section.depth };
      if (known.has(name))
        findings.warn(
          section.line,
          "SECTION_DUPLICATE",
          `"${section.heading}" was begun in line ${known.get(name)?.line ?? 1} already; both are read. Write it once.`,
        );
      addTo(known, name, section, "");
    } else if (current !== undefined && section.depth > current.depth) {
      addTo(known, current.name, section, section.heading);
    } else {
      current = undefined;
      const isTitle = section.depth === 1 && title === undefined;
      if (isTitle) title = { text: plain(section.heading), line: section.line };
      keepUnknown(section, isTitle, unknown, findings);
    }
  }
  return { title, known, unknown };
}

function addTo(known: Map<SectionName, KnownSection>, name: SectionName, section: Section, under: string): void {
  const target = known.get(name) ?? { line: section.line, texts: [], passages: [] };
  known.set(name, target);
  if (under !== "") target.texts.push(`${"#".repeat(section.depth)} ${under}`);
  if (section.text !== "") target.texts.push(section.text);
  target.passages.push(...section.passages.map((passage) => ({ ...passage, under })));
}

function keepUnknown(section: Section, isTitle: boolean, unknown: SortedSections["unknown"], findings: Findings): void {
  // Nothing is lost where a heading only groups function blocks and examples, or only names the order.
  if (section.text === "" && (section.fences.length > 0 || isTitle || section.depth === 0)) return;
  const heading = plain(section.heading);
  unknown.push({ heading, line: section.line, text: section.text });
  const near = nearest(normalise(section.heading), Object.keys(KNOWN_SECTIONS));
  const hint = near === undefined ? `It is kept with the order and does not guide it; sections that do are ${SECTION_LIST}.` : `Did you mean "${near}"?`;
  const what = isTitle || section.depth === 0 ? "This text stands in no section." : `"${heading}" is not a section that the parser knows.`;
  findings.warn(section.line, "SECTION_UNKNOWN", `${what} ${hint}`);
}

const SECTION_LIST = Object.keys(KNOWN_SECTIONS).join(", ");

function sectionNameOf(heading: string): SectionName | undefined {
  const key = normalise(heading);
  return Object.hasOwn(KNOWN_SECTIONS, key) ? KNOWN_SECTIONS[key as keyof typeof KNOWN_SECTIONS] : undefined;
}

/** A heading without case, emphasis, numbering and closing punctuation. */
function normalise(heading: string): string {
  return plain(heading)
    .toLowerCase()
    .replace(/^\d+(\.\d+)*[.)]?\s+/, "")
    .replace(/[\s:.!]+$/, "")
    .replace(/\s+/g, " ");
}

function plain(heading: string): string {
  return heading
    .replace(/^[*_]+|[*_]+$/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** The statements of a section: its list items, or its paragraphs when it has no list. */
export function statementsOf(section: KnownSection | undefined, findings: Findings): (Statement & { readonly under: string })[] {
  if (section === undefined) return [];
  const listed = section.passages.some((passage) => passage.listed);
  const kept: (Statement & { under: string })[] = [];
  for (const { text, line, listed: isItem, under } of section.passages) {
    if (isItem || !listed) kept.push({ text, line, under });
    else if (!text.endsWith(":"))
      findings.warn(line, "PROSE_NOT_A_STATEMENT", "This text stands beside a list and is read as a remark. Make it a list item if it has to hold.");
  }
  return kept;
}
