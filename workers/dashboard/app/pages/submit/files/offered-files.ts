/** Files as the browser hands them over, whichever way they came. */
import type { OfferedFile } from "./attach-files.ts";

/** Files that were chosen from the computer, with their folder where one was chosen. */
export function chosenFiles(chosen: FileList | null): readonly OfferedFile[] {
  return [...(chosen ?? [])].map((file) => offered(file, file.webkitRelativePath === "" ? file.name : file.webkitRelativePath));
}

/** Files and folders that were dropped, folders with everything in them. What cannot be read fails when its content is asked for. */
export async function droppedFiles({ items }: DataTransfer): Promise<readonly OfferedFile[]> {
  // Before the first await: the browser empties the list when the event is over.
  const dropped = [...items].flatMap((item) => item.webkitGetAsEntry() ?? item.getAsFile() ?? []);
  return (await Promise.all(dropped.map(async (one) => (one instanceof File ? [offered(one, one.name)] : filesOf(one))))).flat();
}

async function filesOf(entry: FileSystemEntry): Promise<readonly OfferedFile[]> {
  try {
    if (isFolder(entry)) return (await Promise.all((await entriesOf(entry)).map(filesOf))).flat();
    if (!isFile(entry)) return [];
    return [offered(await new Promise<File>((resolve, reject) => entry.file(resolve, reject)), entry.fullPath)];
  } catch (err) {
    // Gone since it was dropped, or not to be read: who asks for it is told why.
    return [{ path: entry.fullPath, size: 0, arrayBuffer: async () => Promise.reject(err) }];
  }
}

// The standard has both as one type with a mark for each.
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** A reader gives some entries at a time, and none when it has given all. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

const offered = (file: File, path: string): OfferedFile => ({ path, size: file.size, arrayBuffer: async () => file.arrayBuffer() });
