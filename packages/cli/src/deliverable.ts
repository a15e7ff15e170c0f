/** Writes a session's deliverable and evidence to disk; each file is checked against its digest before it is named. */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { workspacePath } from "@factory/schemas";
import type { FactoryClient } from "./client.ts";
import { UsageError } from "./errors.ts";

/** A file came with another content than its digest says. */
export class DigestMismatchError extends Error {
  constructor(path: string) {
    super(`${path} does not have the digest it was sent with; nothing was kept.`);
    this.name = "DigestMismatchError";
  }
}

type Received = { path: string; mode: number; sha256: string; chunks: Uint8Array[] };

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The file that marks a folder as one of ours, so that it may be replaced. */
export const EVIDENCE_FILE = "evidence.json";

/**
 * Writes the files of a completed session below `directory`. A folder that holds an earlier deliverable is replaced as
 * a whole; any other folder with something in it is refused.
 *
 * @returns the paths written, in path order
 * @throws UsageError, DigestMismatchError, ConnectError
 */
export async function writeDeliverable(client: FactoryClient, sessionId: string, directory: string): Promise<string[]> {
  if (existsSync(directory) && !existsSync(join(directory, EVIDENCE_FILE)) && readdirSync(directory).length > 0) {
    throw new UsageError(`${directory} holds something that is not a deliverable; name a new folder.`);
  }
  const files: Received[] = [];
  for await (const chunk of client.delivery.getDeliverable({ sessionId })) {
    const last = files.at(-1);
    if (last?.path === chunk.path) last.chunks.push(chunk.data);
    else files.push({ path: workspacePath.parse(chunk.path), mode: chunk.mode, sha256: chunk.sha256, chunks: [chunk.data] });
  }
  const partial = `${directory}.partial`;
  rmSync(partial, { recursive: true, force: true });
  try {
    for (const file of files) {
      const bytes = Buffer.concat(file.chunks);
      if (digest(bytes) !== file.sha256) throw new DigestMismatchError(file.path);
      const path = join(partial, file.path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
      chmodSync(path, file.mode & 0o777);
    }
    await writeEvidence(client, sessionId, join(partial, EVIDENCE_FILE));
    rmSync(directory, { recursive: true, force: true });
    renameSync(partial, directory);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return files.map((file) => file.path);
}

/** Writes the sealed evidence package of a session that has ended. @throws DigestMismatchError, ConnectError */
export async function writeEvidence(client: FactoryClient, sessionId: string, path: string): Promise<void> {
  const evidence = await client.delivery.getEvidence({ sessionId });
  if (digest(evidence.package) !== evidence.sha256) throw new DigestMismatchError(EVIDENCE_FILE);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, evidence.package);
}
