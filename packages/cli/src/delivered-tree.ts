/** The files of a folder by their digests, as an evidence package names them. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { EVIDENCE_FILE } from "./deliverable.ts";
import { UsageError } from "./errors.ts";

/** What stands for the content of something that is no file: no digest is equal to it. */
const NO_FILE = "nothing: it is a link or a device, not a file";

/**
 * SHA-256 in hexadecimal by path below the folder, with `/` between names. The package itself, at the top, is left out: it
 * cannot name itself.
 *
 * @throws UsageError when the folder cannot be read.
 */
export function readDeliveredTree(directory: string): Map<string, string> {
  const tree = new Map<string, string>();
  try {
    collect(directory, "", tree);
  } catch (err) {
    throw new UsageError(`${directory} cannot be read: ${err instanceof Error ? err.message : String(err)}`);
  }
  tree.delete(EVIDENCE_FILE);
  return tree;
}

function collect(directory: string, prefix: string, tree: Map<string, string>): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) collect(path, `${name}/`, tree);
    else tree.set(name, entry.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : NO_FILE);
  }
}
