/** The orders that gates are measured on: the examples, the golden set, and a few seeds that exercise what neither has. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { readSubmission } from "@factory/cli";
import { repositoryMapOf } from "@factory/compiler";
import { contentId, sha256Hex } from "@factory/schemas";
import type { WorkOrder } from "@factory/schemas";
import type { CompileRequest } from "@factory/schemas/rpc";
import { REPOSITORY } from "../../lib/repository.ts";

/** An order with what it attaches, and the code that is known to do what it asks. */
export type CorpusOrder = {
  /** Unique in the corpus and stable: the file's name, or the folder's in the golden set. */
  readonly id: string;
  readonly text: string;
  readonly order: WorkOrder;
  /** Content of the attached files, by path in the workspace. */
  readonly baseTree: { readonly [path: string]: string };
  /** Accepted code by path in the workspace; undefined where none is committed. */
  readonly solution: ReadonlyMap<string, string> | undefined;
};

/** Folder of the orders that only this evaluation uses. */
const SEEDS = join(REPOSITORY, "evals", "gates", "orders");
const EXAMPLES = join(REPOSITORY, "examples");

/**
 * Reads the corpus, ordered by id. Orders of the golden set without a solution are those that a gate has to refuse as they
 * are: there is nothing to damage in them, and they are left out.
 *
 * @param golden - folder of the golden set
 * @throws Error when an order of it has a fault: what is not sound cannot be damaged.
 * @throws UsageError when an attached file is missing.
 */
export function readCorpus(golden: string): CorpusOrder[] {
  const orders = [
    ...markdownIn(EXAMPLES).map((name) => readOrder(name.slice(0, -".md".length), join(EXAMPLES, name))),
    ...foldersIn(SEEDS).map((name) => readOrder(`seed-${name}`, join(SEEDS, name, "order.md"), join(SEEDS, name, "solution"))),
    ...foldersIn(golden)
      .filter((name) => existsSync(join(golden, name, "solution")))
      .map((name) => readOrder(`golden-${name}`, join(golden, name, "order.md"), join(golden, name, "solution"))),
  ];
  return orders.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function readOrder(id: string, path: string, solution?: string): CorpusOrder {
  const { text, files, parsed, faults } = readSubmission(path);
  if (parsed === undefined) throw new Error(`${path} is no sound order: ${faults.map(({ line, fix }) => `line ${line}: ${fix}`).join(" ")}`);
  return {
    id,
    text,
    order: parsed,
    baseTree: Object.fromEntries(files.map((file) => [file.path, file.content])),
    solution: solution === undefined || !existsSync(solution) ? undefined : filesBelow(solution),
  };
}

function markdownIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".md"));
}

/** Folders with an order in them; none where the set is not there. */
function foldersIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => existsSync(join(folder, name, "order.md"))) : [];
}

function filesBelow(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [relative(folder, path).split(sep).join("/"), readFileSync(path, "utf8")]));
}

const frame = (kind: string, id: string) => ({ kind, org: "eval", content: { id }, parents: [] });

/** The request that mediation would compile for an order, in a session of its own. */
export function compileRequestOf({ id, order, baseTree }: Pick<CorpusOrder, "id" | "order" | "baseTree">): CompileRequest {
  return {
    org: "eval",
    sessionId: contentId("SES", frame("Session", id)),
    workOrderId: "WO-1",
    assembly: "eval",
    intentSpecificationId: contentId("IS", frame("IntentSpecification", id)),
    intent: { title: order.title },
    order,
    config: { reviewMode: "auto", language: "typescript" },
    baseTree: Object.fromEntries(Object.entries(baseTree).map(([path, content]) => [path, sha256Hex(content)])),
    repository: repositoryMapOf(Object.entries(baseTree)),
    elucidationArtifactId: contentId("ELC", frame("ElucidationArtifact", id)),
  };
}
