/**
 * Asks the registry for advisories on every installed version, as `npm audit` does. One of severity high or critical fails unless
 * `scripts/lib/accepted-advisories.ts` names it. Where nobody answers the question the check is not passed and not failed: it
 * ends with {@link NOT_CHECKED}, and `verify` says so.
 *
 * @see https://docs.npmjs.com/cli/commands/npm-audit#bulk-advisory-endpoint
 */
import { z } from "zod";
import { ACCEPTED_ADVISORIES, type AcceptedAdvisory } from "./lib/accepted-advisories.ts";
import { installedPackages, type InstalledPackage } from "./lib/installed-packages.ts";
import { NOT_CHECKED, run } from "./lib/run.ts";

const ENDPOINT = "/-/npm/v1/security/advisories/bulk";
const ANSWER_WITHIN_MS = 20_000;
const FAILING: ReadonlySet<string> = new Set(["high", "critical"]);

const advisories = z.record(
  z.string(),
  z.array(
    z.looseObject({
      url: z.string(),
      title: z.string(),
      severity: z.enum(["info", "low", "moderate", "high", "critical"]),
      vulnerable_versions: z.string(),
    }),
  ),
);

/** What became of the question. */
export type Audit =
  | { readonly outcome: "not checked"; readonly reason: string }
  | { readonly outcome: "checked"; readonly packages: number; readonly faults: readonly string[]; readonly notes: readonly string[] };

/** Where and about what to ask; `today` is `YYYY-MM-DD`. */
export type AuditQuestion = {
  readonly registry: string;
  readonly packages: readonly Pick<InstalledPackage, "name" | "version">[];
  readonly accepted: readonly AcceptedAdvisory[];
  readonly today: string;
};

/** Asks the registry. @throws RangeError when there is nothing to ask about */
export async function audit({ registry, packages, accepted, today }: AuditQuestion): Promise<Audit> {
  if (packages.length === 0) throw new RangeError("There is no package to ask about.");
  const versions: { [name: string]: string[] } = {};
  for (const { name, version } of packages) (versions[name] ??= []).push(version);
  const answered = await ask(new URL(ENDPOINT.slice(1), registry.endsWith("/") ? registry : `${registry}/`), versions);
  if (typeof answered === "string") return { outcome: "not checked", reason: answered };
  const faults: string[] = [];
  const notes: string[] = [];
  for (const [name, list] of Object.entries(answered)) {
    for (const { url, title, severity, vulnerable_versions: range } of list) {
      const line = `${name} (${(versions[name] ?? []).join(", ")}): ${severity}: ${title}, in ${range}, ${url}`;
      const known = accepted.find((each) => each.url === url && each.name === name);
      if (!FAILING.has(severity)) notes.push(line);
      else if (known === undefined) faults.push(line);
      else if (known.until <= today) faults.push(`${line}; accepted until ${known.until} only`);
      else notes.push(`${line}; accepted until ${known.until}: ${known.reason}`);
    }
  }
  return { outcome: "checked", packages: packages.length, faults, notes };
}

/** The registry's answer, or why there is none. An answer that cannot be read is none. */
async function ask(url: URL, versions: object): Promise<z.infer<typeof advisories> | string> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(versions),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  } catch (err) {
    return `${url.origin} does not answer (${err instanceof Error ? (err.cause instanceof Error ? err.cause.message : err.message) : String(err)})`;
  }
  if (!response.ok) {
    await response.body?.cancel();
    return `${url.origin} answers ${response.status} to POST ${url.pathname}`;
  }
  const text = await response.text();
  try {
    return advisories.parse(JSON.parse(text));
  } catch (err) {
    return `${url.origin} answers what is no list of advisories (${err instanceof Error ? err.name : String(err)})`;
  }
}

/** The registry that packages are installed from. */
async function registryInUse(): Promise<string> {
  const { code, output } = await run("npm", ["config", "get", "registry"]);
  const address = output
    .trim()
    .split("\n")
    .findLast((line) => URL.canParse(line));
  if (code !== 0 || address === undefined) throw new Error(`npm does not say which registry it uses:\n${output}`);
  return address;
}

async function main(): Promise<number> {
  const packages = installedPackages();
  const today = new Date().toISOString().slice(0, 10);
  const result = await audit({ registry: await registryInUse(), packages, accepted: ACCEPTED_ADVISORIES, today });
  if (result.outcome === "not checked") {
    console.log(`advisories not checked: ${result.reason}`);
    return NOT_CHECKED;
  }
  for (const line of [...result.faults, ...result.notes]) console.log(line);
  console.log(`${result.packages} packages, ${result.faults.length} advisories that count, ${result.notes.length} that do not`);
  return result.faults.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
