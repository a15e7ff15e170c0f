/** Where the command line finds its credential and the platform's address. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { publicKeyOf, type EvidencePublicKey } from "@factory/verification/evidence";
import { z } from "zod";
import { UsageError } from "./errors.ts";

const STATE_FOLDER = ".factory";

const devKey = z.object({ org: z.string(), apiKey: z.string(), envelopeKeyId: z.string(), envelopeSecret: z.string() });

/** What a submission is authenticated and signed with; `envelopeSecret` is base64. */
export type Credentials = z.infer<typeof devKey>;

/** The folder above `from` that holds a file of the project's state, or undefined. */
function findUp(from: string, file: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, STATE_FOLDER, file);
    if (existsSync(path)) return path;
    if (dirname(folder) === folder) return undefined;
  }
}

/**
 * Credentials from FACTORY_API_KEY, FACTORY_ENVELOPE_KEY_ID and FACTORY_ENVELOPE_KEY (base64), or the local key file.
 *
 * @throws UsageError when there is neither.
 */
export function readCredentials(from: string, env: NodeJS.ProcessEnv, apiKey?: string): Credentials {
  const path = findUp(from, "dev-key.json");
  const local = path === undefined ? undefined : devKey.parse(JSON.parse(readFileSync(path, "utf8")));
  const key = apiKey ?? env["FACTORY_API_KEY"] ?? local?.apiKey;
  if (key === undefined) throw new UsageError("No API key: start the platform once with `npm start`, or set FACTORY_API_KEY.");
  return {
    org: local?.org ?? "",
    apiKey: key,
    envelopeKeyId: env["FACTORY_ENVELOPE_KEY_ID"] ?? local?.envelopeKeyId ?? "",
    envelopeSecret: env["FACTORY_ENVELOPE_KEY"] ?? local?.envelopeSecret ?? "",
  };
}

/** The part of the local key file that evidence is verified with; a file of before it existed has none. */
const devEvidenceKey = z.object({ evidenceKey: z.unknown().optional() });

/** The public keys of the local key file, or undefined when there is none. */
export function readLocalEvidenceKeys(from: string): EvidencePublicKey[] | undefined {
  const path = findUp(from, "dev-key.json");
  if (path === undefined) return undefined;
  const { evidenceKey } = devEvidenceKey.parse(JSON.parse(readFileSync(path, "utf8")));
  return evidenceKey === undefined ? undefined : [publicKeyOf(evidenceKey)];
}

const platformFile = z.object({ url: z.url(), pid: z.number().int() });
const DEFAULT_PORT = "8787";

/** The platform's address: FACTORY_URL, the one a running platform wrote, or the default port. */
export function readPlatformUrl(from: string, env: NodeJS.ProcessEnv): string {
  if (env["FACTORY_URL"] !== undefined) return env["FACTORY_URL"];
  const path = findUp(from, "platform.json");
  if (path !== undefined) {
    const { url, pid } = platformFile.parse(JSON.parse(readFileSync(path, "utf8")));
    if (isRunning(pid)) return url;
  }
  return `http://127.0.0.1:${env["PORT"] ?? DEFAULT_PORT}`;
}

/** A platform that was killed leaves its file behind. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // No such process, or not ours: either way it is not the platform.
    return false;
  }
}
