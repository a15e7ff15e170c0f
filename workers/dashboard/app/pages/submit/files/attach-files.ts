/** Files that a person drops or chooses, as attachments of an order. */
import { MAX_SUBMISSION_BYTES, workspacePath, type AttachedFile } from "@factory/schemas";
import { isNamedBy } from "../order/attached-names.ts";
import { utf8Bytes } from "../order/utf8-bytes.ts";

/** A file as the browser gives it; the path is as much as it tells. */
export type OfferedFile = { readonly path: string; readonly size: number; arrayBuffer(): Promise<ArrayBuffer> };

/** Why a file is not attached. */
export type Refused = { readonly path: string; readonly reason: string };

export type Attached = { readonly files: readonly AttachedFile[]; readonly refused: readonly Refused[] };

/** Files an envelope carries. */
const MAX_FILES = 2_000;

/**
 * Attaches files; one with the path of another takes its place.
 *
 * @param named - what the order's `files` names
 * @param orderBytes - length of the order in UTF-8, which counts as well
 */
export async function attachFiles(
  before: readonly AttachedFile[],
  offered: readonly OfferedFile[],
  named: readonly string[],
  orderBytes: number,
): Promise<Attached> {
  const files = new Map(before.map(({ path, content }) => [path, content]));
  const refused: Refused[] = [];
  let total = before.reduce((sum, { content }) => sum + utf8Bytes(content), orderBytes);
  for (const file of offered) {
    const path = attachedPath(file.path, named);
    const replaced = utf8Bytes(files.get(path) ?? "");
    const reason = refusalOf(path, files, total + file.size - replaced);
    const content = reason === null ? await textOf(file) : null;
    if (content === null) {
      refused.push({ path, reason: reason ?? "It is not UTF-8 text." });
      continue;
    }
    files.set(path, content);
    total += file.size - replaced;
  }
  return { files: inOrder(files), refused };
}

function refusalOf(path: string, files: ReadonlyMap<string, string>, total: number): string | null {
  if (pathFault(path) !== null) return pathFault(path);
  if (!files.has(path) && files.size >= MAX_FILES) return `An order carries ${MAX_FILES} files at most.`;
  return total > MAX_SUBMISSION_BYTES ? `With it, the order and its files are larger than ${MAX_SUBMISSION_BYTES} bytes together.` : null;
}

/** What is wrong with a path; null for one that an order may carry. */
export function pathFault(path: string): string | null {
  return workspacePath.safeParse(path).success ? null : "Its path has to be relative, with `/` between its parts and without `.` and `..`.";
}

async function textOf(file: OfferedFile): Promise<string | null> {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await file.arrayBuffer());
  } catch (err) {
    // The decoder's complaint; what the browser cannot read is another error.
    if (err instanceof TypeError) return null;
    throw err;
  }
}

const inOrder = (files: ReadonlyMap<string, string>): AttachedFile[] =>
  [...files].map(([path, content]) => ({ path, content })).toSorted((a, b) => (a.path < b.path ? -1 : 1));

/**
 * The path an offered file is meant to have. A browser tells the name only, or the path from the folder that was chosen, which may
 * stand above the order's own folder or inside of it; what the order names decides.
 */
export function attachedPath(offered: string, named: readonly string[]): string {
  const path = offered.replace(/^\.?\/+/, "");
  const parts = path.split("/");
  const tails = parts.map((_, at) => parts.slice(at).join("/"));
  const tail = tails.find((candidate) => named.some((pattern) => isNamedBy(pattern, candidate)));
  if (tail !== undefined) return tail;
  const longer = named.filter((name) => name.endsWith(`/${path}`));
  const [only] = longer;
  if (only !== undefined && longer.length === 1) return only;
  return folderGuess(path, named) ?? path;
}

/** For a name alone: the folder of the one glob that would take it there. */
function folderGuess(path: string, named: readonly string[]): string | null {
  if (path.includes("/")) return null;
  const folders = named.flatMap((pattern) => /^([^*?[{]+)\//.exec(pattern)?.[1] ?? []);
  const fitting = [...new Set(folders.map((folder) => `${folder}/${path}`))].filter((candidate) => named.some((pattern) => isNamedBy(pattern, candidate)));
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}

/** The files with one under another path; what had that path before is replaced. */
export function renamed(files: readonly AttachedFile[], from: string, to: string): readonly AttachedFile[] {
  const moved = files.filter(({ path }) => path !== to || path === from).map((file) => (file.path === from ? { ...file, path: to } : file));
  return moved.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
