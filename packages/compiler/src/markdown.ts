/** The Markdown of a work order as headings, blocks and fences, each with its line; text keeps its source form. */
import { fromMarkdown } from "mdast-util-from-markdown";
import type { Findings } from "./faults.ts";

type Root = ReturnType<typeof fromMarkdown>;
type MdNode = Root | Root["children"][number];

/** A fenced block that the parser reads. `contentLine` is the 1-based line of its first line of content. */
export type Fence = { readonly language: "ts" | "examples"; readonly text: string; readonly line: number; readonly contentLine: number };

/** A list item or another block as one line of text, fences left out. */
export type Passage = { readonly text: string; readonly line: number; readonly listed: boolean };

/** What stands between one heading and the next. */
export type Section = {
  readonly heading: string;
  /** 1 to 6; 0 for what comes before any heading. */
  readonly depth: number;
  readonly line: number;
  /** Source text without the fences the parser reads. */
  readonly text: string;
  readonly passages: readonly Passage[];
  readonly fences: readonly Fence[];
};

const READ_LANGUAGES: ReadonlyMap<string, Fence["language"]> = new Map([
  ["ts", "ts"],
  ["typescript", "ts"],
  ["examples", "examples"],
  ["example", "examples"],
]);
/** Each recovery closes one fence and parses again; an order with more open fences than this has been told enough. */
const MAX_RECOVERIES = 10;

/** Reads Markdown into sections in document order; the first has an empty heading and holds what comes before any. */
export function readSections(markdown: string, findings: Findings): Section[] {
  return new SectionReader(closeFences(markdown, findings)).read();
}

/** Parsed text. `numbers[i]` is the line in the order of `lines[i]`: closing an open fence inserts a line. */
type Parsed = { readonly root: Root; readonly source: string; readonly lines: readonly string[]; readonly numbers: readonly number[] };

/** Closes fences that the author left open, so that everything behind them is still read. */
function closeFences(markdown: string, findings: Findings): Parsed {
  const lines = markdown.split("\n");
  const numbers = lines.map((_, index) => index + 1);
  const told = new Set<number>();
  for (let round = 0; ; round++) {
    const source = lines.join("\n");
    const root = fromMarkdown(source);
    const open = fencesOf(root, lines).find(({ unclosedAt }) => unclosedAt !== undefined);
    if (open?.unclosedAt === undefined || told.has(open.line) || round >= MAX_RECOVERIES) return { root, source, lines, numbers };
    told.add(open.line);
    findings.fault(
      numbers[open.line - 1] ?? open.line,
      "FENCE_UNCLOSED",
      `The fence that starts here is not closed. Close it with a line that holds ${open.marker} and nothing else.`,
    );
    lines.splice(open.unclosedAt - 1, 0, open.indent + open.marker);
    numbers.splice(open.unclosedAt - 1, 0, numbers[open.unclosedAt - 2] ?? numbers.length);
  }
}

type FoundFence = {
  readonly language: string;
  readonly text: string;
  /** First and last line of the fence, 1-based, in the parsed text. */
  readonly line: number;
  readonly endLine: number;
  readonly marker: string;
  /** What a closing fence in the same container begins with. */
  readonly indent: string;
  /** Line before which the missing closing fence belongs; undefined when the fence is closed. */
  readonly unclosedAt: number | undefined;
};

/** Every fence of a tree, at any depth, in document order. */
function fencesOf(root: MdNode, lines: readonly string[]): FoundFence[] {
  const found: FoundFence[] = [];
  const stack: MdNode[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.type === "code") {
      const fence = toFence(node, lines);
      if (fence !== undefined) found.push(fence);
    } else if ("children" in node) stack.push(...node.children.toReversed());
  }
  return found;
}

function toFence(node: Extract<MdNode, { type: "code" }>, lines: readonly string[]): FoundFence | undefined {
  const start = node.position?.start;
  const endLine = node.position?.end.line;
  if (start === undefined || endLine === undefined) return undefined;
  const opening = lines[start.line - 1] ?? "";
  const marker = /^(`{3,}|~{3,})/.exec(opening.slice(start.column - 1))?.[1];
  // Indented code has no marker and no language.
  if (marker === undefined) return undefined;
  const language = (node.lang ?? "").toLowerCase();
  const last = withoutContainers(lines[endLine - 1] ?? "").trimEnd();
  const closed = endLine > start.line && last.length >= marker.length && last === marker.charAt(0).repeat(last.length);
  const indent = opening.slice(0, start.column - 1).replace(/[^>\s]/g, " ");
  return { language, text: node.value, line: start.line, endLine, marker, indent, unclosedAt: missingEnd(lines, start.line, endLine, closed, language) };
}

/** Where an open fence ought to have ended: before the next heading, before a fence inside it, or at the end of its container. */
function missingEnd(lines: readonly string[], start: number, end: number, closed: boolean, language: string): number | undefined {
  const isRead = READ_LANGUAGES.has(language);
  let heading: number | undefined;
  for (let line = start + 1; line <= (closed ? end - 1 : end); line++) {
    const text = withoutContainers(lines[line - 1] ?? "");
    if (/^#{1,6}\s/.test(text)) heading ??= line;
    // A fence that opens inside one that the parser reads: the closing line belongs to the inner one.
    if (isRead && /^(`{3,}|~{3,})\s*\S/.test(text)) return heading ?? line;
  }
  return closed ? undefined : (heading ?? end + 1);
}

/** A line without indentation and quote marks. */
function withoutContainers(line: string): string {
  return line.replace(/^[\s>]*/, "");
}

type OpenSection = { heading: string; depth: number; line: number; parts: string[]; passages: Passage[]; fences: Fence[] };

/** Gathers the top-level nodes of a document into sections. */
class SectionReader {
  readonly #parsed: Parsed;

  constructor(parsed: Parsed) {
    this.#parsed = parsed;
  }

  read(): Section[] {
    let current: OpenSection = { heading: "", depth: 0, line: 1, parts: [], passages: [], fences: [] };
    const sections = [current];
    for (const node of this.#parsed.root.children) {
      if (node.type === "heading") {
        const heading = node.children
          .map((child) => this.#slice(child))
          .join("")
          .trim();
        current = { heading, depth: node.depth, line: this.#lineOf(node), parts: [], passages: [], fences: [] };
        sections.push(current);
      } else this.#addBlock(current, node);
    }
    return sections.map(({ parts, ...section }) => ({ ...section, text: parts.join("\n\n") }));
  }

  #addBlock(section: OpenSection, node: Exclude<MdNode, { type: "root" | "heading" }>): void {
    for (const fence of fencesOf(node, this.#parsed.lines)) {
      const language = READ_LANGUAGES.get(fence.language);
      if (language !== undefined)
        section.fences.push({ language, text: fence.text, line: this.#number(fence.line), contentLine: this.#number(fence.line + 1) });
    }
    // A thematic break and a comment say nothing.
    if (node.type === "thematicBreak" || (node.type === "html" && /^<!--[\s\S]*-->$/.test(node.value.trim()))) return;
    const text = this.#withoutFences(node);
    if (text !== "") section.parts.push(text);
    for (const block of node.type === "list" ? node.children : [node]) {
      const children = block.type === "listItem" ? block.children : [block];
      const passage = children
        .map((child) => this.#withoutFences(child))
        .join(" ")
        .replace(/\s+/g, " ")
        .replace(/^\[[ xX]\]\s+/, "")
        .trim();
      if (passage !== "") section.passages.push({ text: passage, line: this.#lineOf(block), listed: block.type === "listItem" });
    }
  }

  /** Source text of a node without the fences in it that the parser reads. */
  #withoutFences(node: MdNode): string {
    const first = node.position?.start.line ?? 1;
    const dropped = new Set<number>();
    for (const fence of fencesOf(node, this.#parsed.lines)) {
      if (!READ_LANGUAGES.has(fence.language)) continue;
      for (let line = fence.line; line <= fence.endLine; line++) dropped.add(line);
    }
    return this.#slice(node)
      .split("\n")
      .filter((_, index) => !dropped.has(first + index))
      .join("\n")
      .trim();
  }

  #slice(node: { readonly position?: MdNode["position"] }): string {
    const start = node.position?.start.offset ?? 0;
    return this.#parsed.source.slice(start, node.position?.end.offset ?? start);
  }

  #lineOf(node: MdNode): number {
    return this.#number(node.position?.start.line ?? 1);
  }

  #number(line: number): number {
    return this.#parsed.numbers[line - 1] ?? this.#parsed.numbers.length;
  }
}
