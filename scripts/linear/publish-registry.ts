/** Publishes the authority registry of a deployed factory: the record of KV that every edge reads. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { canonicalJson, kvKey } from "@factory/schemas";
import { z } from "zod";
import { authorityRegistry, type AuthorityRegistry } from "../../workers/linear-bridge/src/authority/authority-registry.ts";
import { SetupError, type SetupStep } from "./setup-step.ts";
import { BRIDGE_CONFIG, commandText, type Wrangler } from "./wrangler.ts";

const KV = ["--binding", "CONFIG", "--remote", "--config", BRIDGE_CONFIG] as const;
const keys = z.array(z.looseObject({ name: z.string() }));

/** How to publish: `file` is where the registry stands as JSON for wrangler; without `apply` the command is told and not run. */
export type Publishing = { readonly file: string; readonly apply: boolean; readonly dryRun: boolean; readonly wrangler: Wrangler };

/** Publishes the registry unless it is the one that is published. @throws SetupError when wrangler fails */
export async function publishRegistry(registry: AuthorityRegistry, publishing: Publishing): Promise<SetupStep> {
  const { apply, dryRun, file, wrangler } = publishing;
  const put = ["kv", "key", "put", ...KV, kvKey.linearAuthority(), "--path", file];
  if (!apply) {
    const state = dryRun ? "to be written without --dry-run" : writeRegistry(registry, file) ? "written now" : "as it was";
    return { subject: "registry", outcome: "left", text: `publish version ${registry.version} (${state}) with:\n${commandText(put)}` };
  }
  const fault = faultOver(await readPublished(wrangler), registry);
  if (fault !== null) return fault;
  if (dryRun) return { subject: "registry", outcome: "planned", text: `version ${registry.version} would be published` };
  writeRegistry(registry, file);
  await succeeded(wrangler, put);
  return { subject: "registry", outcome: "changed", text: `version ${registry.version} is published; edges have it within a minute` };
}

/** Why a registry is not to be published over the one that is: it is the same, or its version says that it is no newer one. */
function faultOver(published: AuthorityRegistry | null, registry: AuthorityRegistry): SetupStep | null {
  if (published === null || published.version < registry.version) return null;
  if (isDeepStrictEqual(published, registry)) return { subject: "registry", outcome: "unchanged", text: `version ${registry.version} is published` };
  const text =
    published.version === registry.version
      ? `version ${registry.version} is published with another content: raise version in the file`
      : `version ${published.version} is published, which is newer than the file's ${registry.version}: take up what changed there and raise version`;
  return { subject: "registry", outcome: "problem", text };
}

/** What is published; null where nothing is, or what permits nothing because it is no registry. */
async function readPublished(wrangler: Wrangler): Promise<AuthorityRegistry | null> {
  const key = kvKey.linearAuthority();
  const list = keys.safeParse(jsonOf(await succeeded(wrangler, ["kv", "key", "list", ...KV, "--prefix", key])));
  if (!list.success) throw new SetupError("wrangler does not say which records CONFIG has. Run it with the command's arguments to see why.");
  if (!list.data.some(({ name }) => name === key)) return null;
  const parsed = authorityRegistry.safeParse(jsonOf(await succeeded(wrangler, ["kv", "key", "get", ...KV, key, "--text"])));
  return parsed.success ? parsed.data : null;
}

/** @throws SetupError with what wrangler says when it fails */
async function succeeded(wrangler: Wrangler, args: readonly string[]): Promise<string> {
  const { code, output, errors } = await wrangler(args);
  if (code !== 0) throw new SetupError(`${commandText(args)} ended with ${code}:\n${(errors || output).trim()}`);
  return output;
}

/** Writes the file unless it says so already; says whether it did. */
function writeRegistry(registry: AuthorityRegistry, file: string): boolean {
  const text = canonicalJson(registry);
  if (textOf(file) === text) return false;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return true;
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (err) {
    if (err instanceof Error && "code" in err && err.code === "ENOENT") return null;
    throw err;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no list and no registry; the caller says so.
    return undefined;
  }
}
