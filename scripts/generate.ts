/**
 * Makes every generated file that is committed: protobuf code, `Env` types, the error page, GraphQL's SDL, the types of the
 * dashboard's documents, the policies as a module. `--check` makes nothing and fails where a committed file is not what the generator yields. Migrations are made by hand, since a person names them:
 * `drizzle-kit generate --name <what>` in `workers/commissioning`; the check finds one that is missing.
 */
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { REPOSITORY, WORKERS } from "./lib/repository.ts";
import { run } from "./lib/run.ts";

const PROTO_OUTPUT = join("packages", "schemas", "src", "gen");

function filesBelow(directory: string, root = directory): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path, root) : [relative(root, path)];
  });
}

async function must(command: string, args: readonly string[], cwd?: string): Promise<void> {
  const { code, output } = await run(command, args, cwd === undefined ? {} : { cwd });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${output}`);
}

async function staleProto(): Promise<string[]> {
  const fresh = mkdtempSync(join(tmpdir(), "factory-proto-"));
  try {
    // The template's `out` is relative to the output folder given here.
    await must("buf", ["generate", "-o", fresh]);
    const committed = join(REPOSITORY, PROTO_OUTPUT);
    const generated = join(fresh, PROTO_OUTPUT);
    const names = new Set([...filesBelow(committed), ...filesBelow(generated)]);
    const read = (directory: string, name: string): string => (filesBelow(directory).includes(name) ? readFileSync(join(directory, name), "utf8") : "");
    return [...names].filter((name) => read(committed, name) !== read(generated, name)).map((name) => join(PROTO_OUTPUT, name));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

const TYPES_ARGUMENTS = ["types", "--include-runtime=false", "--strict-vars=false"];

async function staleEnvTypes(): Promise<string[]> {
  const stale: string[] = [];
  for (const worker of WORKERS) {
    const { code } = await run("wrangler", [...TYPES_ARGUMENTS, "--check"], { cwd: join(REPOSITORY, "workers", worker) });
    if (code !== 0) stale.push(`workers/${worker}/worker-configuration.d.ts`);
  }
  return stale;
}

/** What drizzle-kit says when the last migration's snapshot is the schemas. */
const NO_CHANGES = "No schema changes";

/** Whether the schemas of the database `factory` say more than the last migration. It is asked of a copy. */
async function staleMigrations(): Promise<string[]> {
  const directory = join(REPOSITORY, "workers", "commissioning");
  const copy = mkdtempSync(join(directory, ".migrations-"));
  try {
    cpSync(join(REPOSITORY, "migrations", "factory"), copy, { recursive: true });
    const config = join(copy, "drizzle.config.ts");
    writeFileSync(
      config,
      `import committed from "../drizzle.config.ts";\nexport default { ...committed, out: ${JSON.stringify(relative(directory, copy))} };\n`,
    );
    // A change that it would have to ask about ends it without a word, so only its word that there is none counts.
    const { output } = await run("drizzle-kit", ["generate", "--config", relative(directory, config)], { cwd: directory });
    return output.includes(NO_CHANGES) ? [] : ["migrations/factory"];
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  process.env["WRANGLER_SEND_METRICS"] = "false";
  const errorsPage = join(REPOSITORY, "scripts", "generate-errors-doc.ts");
  const graphqlSdl = join(REPOSITORY, "scripts", "generate-graphql-sdl.ts");
  const graphqlTypes = join(REPOSITORY, "scripts", "generate-graphql-types.ts");
  const policySet = join(REPOSITORY, "scripts", "generate-policy-set.ts");
  const linearSchema = join(REPOSITORY, "scripts", "linear", "generate-schema.ts");
  const abusePage = join(REPOSITORY, "scripts", "generate-abuse-doc.ts");
  if (process.argv.includes("--check")) {
    const stale = [...(await staleProto()), ...(await staleEnvTypes()), ...(await staleMigrations())];
    const page = await run(process.execPath, [errorsPage, "--check"]);
    if (page.code !== 0) stale.push("docs/ERRORS.md");
    const sdl = await run(process.execPath, [graphqlSdl, "--check"]);
    if (sdl.code !== 0) stale.push("workers/graphql/schema.graphql");
    const types = await run(process.execPath, [graphqlTypes, "--check"]);
    if (types.code !== 0) stale.push("workers/dashboard/app/data/graphql-env.d.ts");
    const policies = await run(process.execPath, [policySet, "--check"]);
    if (policies.code !== 0) stale.push("packages/governance/src/pdp/gen/policy-set.ts");
    const linear = await run(process.execPath, [linearSchema, "--check"]);
    if (linear.code !== 0) stale.push("scripts/linear/schema.graphql");
    const abuse = await run(process.execPath, [abusePage, "--check"]);
    if (abuse.code !== 0) stale.push("docs/SECURITY.md");
    for (const path of stale) console.error(`not up to date: ${path}`);
    if (stale.length > 0) console.error("Run `pnpm generate` and commit the result.");
    return stale.length === 0 ? 0 : 1;
  }
  await must("buf", ["generate"]);
  for (const worker of WORKERS) await must("wrangler", TYPES_ARGUMENTS, join(REPOSITORY, "workers", worker));
  await must(process.execPath, [errorsPage]);
  await must(process.execPath, [graphqlSdl]);
  await must(process.execPath, [graphqlTypes]);
  await must(process.execPath, [linearSchema]);
  await must(process.execPath, [policySet]);
  await must(process.execPath, [abusePage]);
  return 0;
}

process.exitCode = await main();
