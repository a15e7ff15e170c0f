/** Files in one archive. */
import { zipSync, type Zippable } from "fflate";
import type { DeliveredFile } from "./deliverable.ts";

/** Where zip keeps POSIX mode bits: the upper half of a file's attributes, for a zip that was made on Unix. */
const MODE_SHIFT = 16;
const MADE_ON_UNIX = 3;

/** A zip of the files below one folder. The same files give the same bytes. */
export function zipOf(folder: string, files: readonly DeliveredFile[]): Uint8Array<ArrayBuffer> {
  const entries: Zippable = {};
  for (const { path, mode, bytes } of files) {
    entries[`${folder}/${path}`] = [bytes, { os: MADE_ON_UNIX, attrs: mode << MODE_SHIFT, mtime: FIRST_ZIP_TIME }];
  }
  return zipSync(entries, { level: 6 });
}

/** The first time that a zip can say. */
const FIRST_ZIP_TIME = new Date(1980, 0, 1);
