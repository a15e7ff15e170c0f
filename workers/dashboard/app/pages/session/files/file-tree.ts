/** The files of a run as a list of folders, and what is counted over them. */

/** A file of the run's tree, as far as the list shows it. */
export type TreeFile = { readonly path: string; readonly status: "ADDED" | "MODIFIED" | "DELETED" | "UNCHANGED" };

/** Files of one folder; its path is empty for the top. */
export type Folder<File extends TreeFile> = { readonly path: string; readonly files: readonly { readonly name: string; readonly file: File }[] };

/** Folders in path order, the top first, each with its own files. */
export function foldersOf<File extends TreeFile>(files: readonly File[]): Folder<File>[] {
  const folders = new Map<string, { name: string; file: File }[]>();
  for (const file of files) {
    const cut = file.path.lastIndexOf("/");
    const folder = cut === -1 ? "" : file.path.slice(0, cut);
    folders.set(folder, [...(folders.get(folder) ?? []), { name: file.path.slice(cut + 1), file }]);
  }
  return [...folders].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([path, own]) => ({ path, files: own.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }));
}

/** How many files have each status; a status that none has is left out. */
export function statusCounts(files: readonly TreeFile[]): { readonly [Status in TreeFile["status"]]?: number } {
  const counts: { [Status in TreeFile["status"]]?: number } = {};
  for (const { status } of files) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** The file to show when none is chosen: the first that differs from what the run started from; null for no file. */
export function firstOf<File extends TreeFile>(files: readonly File[]): File | null {
  return files.find(({ status }) => status !== "UNCHANGED") ?? files[0] ?? null;
}
