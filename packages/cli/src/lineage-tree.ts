/** A lineage as a tree on the terminal: each artifact once, with the relations that lead to it. Pure. */
import { CausalEnd, type LineageGraph, type LineageNode } from "@factory/schemas/proto";
import { cutTo, oneLine, widthOf, type Paint } from "./terminal-text.ts";

/** Which way a tree grows from its root. */
export type Towards = "causes" | "effects";

/** A relation seen from the artifact above: `forward` when that one is its source. */
export type Branch = { readonly rel: string; readonly forward: boolean };

/** A place in the tree; one that is `repeated` stands elsewhere with what follows from it. */
export type TreeNode = {
  readonly node: LineageNode;
  readonly branches: readonly Branch[];
  readonly children: readonly TreeNode[];
  readonly repeated: boolean;
};

type Step = { readonly to: string; readonly branch: Branch };

/** The steps of one direction from each artifact. */
export function stepsOf({ edges }: LineageGraph, towards: Towards): ReadonlyMap<string, readonly Step[]> {
  const steps = new Map<string, Step[]>();
  for (const { source, rel, target, cause } of edges) {
    if (cause === CausalEnd.UNSPECIFIED) continue;
    const forward = (cause === CausalEnd.TARGET) === (towards === "causes");
    const [from, to] = forward ? [source, target] : [target, source];
    steps.set(from, [...(steps.get(from) ?? []), { to, branch: { rel, forward } }]);
  }
  return steps;
}

/** The tree of a walk from its first artifact; each artifact hangs where it is nearest to the root. */
export function lineageTree(graph: LineageGraph, towards: Towards): TreeNode | undefined {
  const [root] = graph.nodes;
  if (root === undefined) return undefined;
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const places = new Map(graph.nodes.map(({ id }, index) => [id, index]));
  const steps = stepsOf(graph, towards);
  const home = nearestParents(root.id, steps);
  const build = (node: LineageNode, branches: readonly Branch[], parent: string | undefined): TreeNode => {
    const repeated = parent !== undefined && (node.id === root.id || home.get(node.id) !== parent);
    const below = repeated ? [] : grouped(steps.get(node.id) ?? []).filter(({ to }) => nodes.has(to));
    below.sort((a, b) => (places.get(a.to) ?? 0) - (places.get(b.to) ?? 0));
    const children = below.flatMap(({ to, branches: led }) => {
      const child = nodes.get(to);
      return child === undefined ? [] : [build(child, led, node.id)];
    });
    return { node, branches, children, repeated };
  };
  return build(root, [], undefined);
}

/** The artifact above each artifact on a shortest way from the root. */
function nearestParents(root: string, steps: ReadonlyMap<string, readonly Step[]>): ReadonlyMap<string, string> {
  const parents = new Map([[root, root]]);
  const waiting = [root];
  for (const from of waiting) {
    for (const { to } of steps.get(from) ?? []) {
      if (parents.has(to)) continue;
      parents.set(to, from);
      waiting.push(to);
    }
  }
  return parents;
}

/** Two artifacts may stand in several relations; they make one branch. */
function grouped(steps: readonly Step[]): { to: string; branches: Branch[] }[] {
  const byEnd = new Map<string, Branch[]>();
  for (const { to, branch } of steps) byEnd.set(to, [...(byEnd.get(to) ?? []), branch]);
  return [...byEnd].map(([to, branches]) => ({ to, branches }));
}

/** How a tree is drawn; without `columns` no line is cut. */
export type Drawing = { readonly columns?: number | undefined; readonly paint: Paint };

/** The lines of a tree below its root, which has a line of its own. */
export function drawTree(root: TreeNode, drawing: Drawing): string[] {
  const lines: string[] = [];
  const shown = new Set([root.node.id]);
  const draw = (place: TreeNode, indent: string, depth: number): void => {
    for (const [index, child] of place.children.entries()) {
      const last = index === place.children.length - 1;
      const mark = child.repeated ? (shown.has(child.node.id) ? "see above" : "see below") : undefined;
      lines.push(lineOf(child, `${indentOf(indent, depth, drawing)}${last ? "└─ " : "├─ "}`, mark, drawing));
      if (!child.repeated) shown.add(child.node.id);
      draw(child, `${indent}${last ? "   " : "│  "}`, depth + 1);
    }
  };
  draw(root, "", 0);
  return lines;
}

/** An indent that would take more than half of the line is told by its depth. */
function indentOf(indent: string, depth: number, { columns }: Drawing): string {
  return columns !== undefined && indent.length > columns / 2 ? `… ${depth} deep ` : indent;
}

function lineOf({ node, branches }: TreeNode, prefix: string, mark: string | undefined, { columns, paint }: Drawing): string {
  const relations = branchText(branches);
  const fixed = `${prefix}${relations} ${node.type} ${node.id}`;
  const tail = mark === undefined ? oneLine(node.title) : `(${mark})`;
  const left = columns === undefined ? Number.POSITIVE_INFINITY : columns - widthOf(fixed) - 2;
  const cut = left < 4 ? "" : cutTo(tail, left);
  return `${paint("dim", prefix)}${paint("cyan", relations)} ${node.type} ${paint("bold", node.id)}${cut === "" ? "" : `  ${paint("dim", cut)}`}`;
}

/** The relations of a branch, each with the way it points. */
export function branchText(branches: readonly Branch[]): string {
  return branches.map(({ rel, forward }) => (forward ? `${rel} →` : `← ${rel}`)).join(", ");
}
