/** Commands about where artifacts come from and what depends on them: lineage, why, impact. */
import { toJson, type JsonObject } from "@bufbuild/protobuf";
import { LineageDirection, LineageGraphSchema, type LineageGraph, type LineageNode } from "@factory/schemas/proto";
import { EXIT, UsageError } from "../errors.ts";
import { branchText, drawTree, lineageTree, type Drawing, type Towards } from "../lineage-tree.ts";
import { cutTo, oneLine, paintFor, widthOf } from "../terminal-text.ts";
import { whyPath, type PathStep } from "../why-path.ts";
import { argument, optionText, type Command, type CommandContext } from "./command.ts";
import { standardOutput } from "./sessions.ts";

const WALK_OPTIONS = { assembly: { type: "string" }, depth: { type: "string" }, limit: { type: "string" } } as const;
const WALK_HELP = [
  "--assembly A    where the artifact is (default: every assembly is looked in)",
  "--depth N       relations from the artifact at most (default: no bound)",
  "--limit N       artifacts at most, each way (default 200, at most 1000)",
] as const;

/** What the walking commands ask for. */
function walkOf(context: CommandContext): { artifactId: string; assembly: string; depth: number; limit: number } {
  return {
    artifactId: argument(context, 0, "ARTIFACT"),
    assembly: optionText(context, "assembly") ?? "",
    depth: count(context, "depth"),
    limit: count(context, "limit"),
  };
}

/** A whole number from 1 on; 0 when the option is not given. */
function count(context: CommandContext, name: string): number {
  const text = optionText(context, name);
  if (text === undefined) return 0;
  if (!/^[1-9][0-9]{0,6}$/.test(text)) throw new UsageError(`--${name} is a whole number from 1 on.`);
  return Number(text);
}

/** Lines are cut on a terminal only: what is piped on is whole. */
function drawingOf(context: CommandContext): Drawing {
  const { isTTY, columns } = standardOutput();
  return { columns: isTTY ? columns : undefined, paint: paintFor(isTTY, context.env) };
}

function artifactLine({ type, id, title }: LineageNode, { columns, paint }: Drawing): string {
  const left = columns === undefined ? Number.POSITIVE_INFINITY : columns - widthOf(`${type} ${id}`) - 2;
  const cut = cutTo(oneLine(title), left);
  return `${type} ${paint("bold", id)}${cut === "" ? "" : `  ${cut}`}`;
}

/** A direction's tree, or that there is nothing; with what to do about a bound that was reached. */
function treeLines(graph: LineageGraph, towards: Towards, drawing: Drawing): string[] {
  const tree = lineageTree(graph, towards);
  const lines = tree === undefined ? [] : drawTree(tree, drawing);
  const more = graph.truncated ? [drawing.paint("yellow", `There are more ${towards}; raise --limit or --depth, or start from one of these.`)] : [];
  return [drawing.paint("bold", towards), ...(lines.length === 0 ? [`(none)`] : lines), ...more];
}

const graphJson = (graph: LineageGraph): JsonObject => toJson(LineageGraphSchema, graph) as JsonObject;

const DIRECTIONS: { readonly [name: string]: LineageDirection } = {
  causes: LineageDirection.CAUSES,
  effects: LineageDirection.EFFECTS,
  both: LineageDirection.BOTH,
};

export const lineage: Command = {
  usage: "lineage ARTIFACT [--direction causes|effects|both] [--assembly A] [--depth N] [--limit N]",
  summary: "what caused an artifact and what depends on it, as trees",
  options: { ...WALK_OPTIONS, direction: { type: "string" } },
  help: ["--direction D   causes, effects or both (default both)", ...WALK_HELP],
  async run(context) {
    const name = optionText(context, "direction") ?? "both";
    const direction = Object.hasOwn(DIRECTIONS, name) ? DIRECTIONS[name] : undefined;
    if (direction === undefined) throw new UsageError(`--direction is one of ${Object.keys(DIRECTIONS).join(", ")}.`);
    const walk = walkOf(context);
    const { assembly, causes, effects } = await context.client().admin.lineage({ ...walk, direction });
    if (context.values["json"] === true) {
      const graphs = { ...(causes === undefined ? {} : { causes: graphJson(causes) }), ...(effects === undefined ? {} : { effects: graphJson(effects) }) };
      context.print(JSON.stringify({ outcome: "COMPLETED", artifact: walk.artifactId, assembly, ...graphs }));
      return EXIT.completed;
    }
    const drawing = drawingOf(context);
    const root = causes?.nodes[0] ?? effects?.nodes[0];
    if (root !== undefined) context.print(`${artifactLine(root, drawing)}\n`);
    const parts = [causes === undefined ? [] : treeLines(causes, "causes", drawing), effects === undefined ? [] : treeLines(effects, "effects", drawing)];
    context.print(
      parts
        .filter((lines) => lines.length > 0)
        .map((lines) => lines.join("\n"))
        .join("\n\n"),
    );
    return EXIT.completed;
  },
};

export const impact: Command = {
  usage: "impact ARTIFACT [--assembly A] [--depth N] [--limit N]",
  summary: "everything that depends on an artifact, as a tree",
  options: WALK_OPTIONS,
  help: WALK_HELP,
  async run(context) {
    const walk = walkOf(context);
    const { assembly, effects } = await context.client().admin.impact(walk);
    if (effects === undefined) throw new Error("The platform sent no effects.");
    if (context.values["json"] === true) {
      context.print(JSON.stringify({ outcome: "COMPLETED", artifact: walk.artifactId, assembly, effects: graphJson(effects) }));
      return EXIT.completed;
    }
    const drawing = drawingOf(context);
    const [root] = effects.nodes;
    if (root !== undefined) context.print(`${artifactLine(root, drawing)}\n`);
    context.print(treeLines(effects, "effects", drawing).join("\n"));
    return EXIT.completed;
  },
};

export const why: Command = {
  usage: "why ARTIFACT [--assembly A] [--depth N] [--limit N]",
  summary: "the path from an artifact to the pressure and the signal that caused it",
  options: WALK_OPTIONS,
  help: WALK_HELP,
  async run(context) {
    const walk = walkOf(context);
    const { assembly, causes } = await context.client().admin.why(walk);
    if (causes === undefined) throw new Error("The platform sent no causes.");
    const path = whyPath(causes);
    if (context.values["json"] === true) {
      const steps = path.map(({ node: { id, type, title }, branch }) => ({ id, type, title, ...branch }));
      context.print(JSON.stringify({ outcome: "COMPLETED", artifact: walk.artifactId, assembly, path: steps, causes: graphJson(causes) }));
      return EXIT.completed;
    }
    for (const line of pathLines(path, drawingOf(context))) context.print(line);
    for (const line of beyond(path, causes, walk.artifactId)) context.print(line);
    return EXIT.completed;
  },
};

function pathLines(path: readonly PathStep[], drawing: Drawing): string[] {
  return path.flatMap(({ node, branch }) => [
    ...(branch === undefined ? [] : [`  ${drawing.paint("cyan", branchText([branch]))}`]),
    artifactLine(node, drawing),
  ]);
}

/** What the path does not show. */
function beyond(path: readonly PathStep[], { nodes, truncated }: LineageGraph, artifactId: string): string[] {
  const types = new Set(path.map(({ node }) => node.type));
  const more = nodes.length - path.length;
  const missing = ["Pressure", "Signal"].filter((type) => !types.has(type));
  return [
    ...(missing.length > 0
      ? ["", `The path reaches no ${missing.map((type) => type.toLowerCase()).join(" and no ")}${truncated ? " within these bounds" : ""}.`]
      : []),
    ...(more > 0 || truncated ? ["", `${more}${truncated ? " and more" : ""} further causes: factory lineage ${artifactId} --direction causes`] : []),
  ];
}
