/**
 * Bundles Workers exactly as a deploy would (`wrangler deploy --dry-run`). A bundle is kept under a digest of
 * everything it is made from, so that a second start builds nothing.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, extname, join } from "node:path";
import type { V4WorkerOptions } from "miniflare";
import { REPOSITORY, STATE, WORKERS, type WorkerName } from "../lib/repository.ts";

const BUILDS = join(STATE, "build");
/** Bundles run at once: the machine the project is sized for has two cores. */
const PARALLEL_BUILDS = 2;

/** A Worker's bindings as wrangler reads them from its configuration; what is not named here passes through. */
export type BundleOptions = {
  readonly bindings?: { readonly [name: string]: string };
  readonly serviceBindings?: { readonly [name: string]: unknown };
  /** Files that the Worker serves. */
  readonly assets?: { readonly directory: string };
};

/** Where the files that a Worker serves are, in the folder of its bundle. */
const ASSETS_FOLDER = "assets";
/** Tells the Worker's own build step where to put them. */
const ASSETS_VARIABLE = "FACTORY_ASSETS";

/** A built Worker: the folder of its bundle, the entry module in it, and its bindings as Miniflare takes them. */
export type BuiltWorker = { readonly name: WorkerName; readonly directory: string; readonly entry: string; readonly options: BundleOptions };

/** The bindings of a bundle, kept beside it so that a start need not load wrangler. */
const OPTIONS_FILE = "miniflare-options.json";

/** Folders that nothing is built from. */
const LEFT_OUT: ReadonlySet<string> = new Set(["node_modules", "dist"]);

function filesBelow(directory: string, found: string[] = []): string[] {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (LEFT_OUT.has(entry.name) || entry.name.startsWith(".") || entry.name.endsWith(".test.ts")) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) filesBelow(path, found);
    else found.push(path);
  }
  return found;
}

/** Digest of everything a Worker's bundle depends on. */
export function sourceDigest(name: WorkerName): string {
  const hash = createHash("sha256");
  const inputs = [
    ...filesBelow(join(REPOSITORY, "packages")),
    ...filesBelow(join(REPOSITORY, "workers", name)),
    join(REPOSITORY, "pnpm-lock.yaml"),
    join(REPOSITORY, "tsconfig.base.json"),
  ].sort();
  for (const path of inputs) {
    hash.update(path.slice(REPOSITORY.length));
    hash.update("\0");
    hash.update(readFileSync(path));
  }
  return hash.digest("hex").slice(0, 20);
}

function run(command: string, args: readonly string[], cwd: string, variables: { readonly [name: string]: string } = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"], env: { ...buildEnvironment(), ...variables } });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(-8_000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`${args.join(" ")} in ${cwd} failed:\n${output}`))));
  });
}

/** A Worker's own build step runs on the Node this process runs on, whatever the PATH says. */
function buildEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`, WRANGLER_SEND_METRICS: "false", CI: "1" };
}

/** Builds one Worker unless its bundle is there. @throws Error with the bundler's output. */
export async function buildWorker(name: WorkerName): Promise<BuiltWorker> {
  const directory = join(BUILDS, `${name}-${sourceDigest(name)}`);
  const entry = `${name}.worker.js`;
  const built = (): BuiltWorker => ({
    name,
    directory,
    entry,
    options: JSON.parse(readFileSync(join(directory, OPTIONS_FILE), "utf8")) as BundleOptions,
  });
  if (existsSync(join(directory, entry))) return built();
  mkdirSync(BUILDS, { recursive: true });
  // A folder of its own: two test projects of one process may build the same Worker at once.
  const partial = mkdtempSync(`${directory}.partial-`);
  try {
    const wrangler = join(REPOSITORY, "node_modules", "wrangler", "bin", "wrangler.js");
    const options = await bindingsOf(name);
    await bundle(wrangler, name, partial, options);
    writeFileSync(join(partial, OPTIONS_FILE), JSON.stringify(options));
    for (const stale of readdirSync(BUILDS)) {
      if (stale.startsWith(`${name}-`) && !stale.includes(".partial-") && isOld(join(BUILDS, stale)))
        rmSync(join(BUILDS, stale), { recursive: true, force: true });
    }
    settle(partial, directory);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return built();
}

/** Bundles into the folder; the files that a Worker serves are built into {@link ASSETS_FOLDER} of it. */
async function bundle(wrangler: string, name: WorkerName, directory: string, { assets }: BundleOptions): Promise<void> {
  const arguments_ = [wrangler, "deploy", "--dry-run", "--outdir", directory];
  const cwd = join(REPOSITORY, "workers", name);
  if (assets === undefined) return run(process.execPath, arguments_, cwd);
  const folder = join(directory, ASSETS_FOLDER);
  mkdirSync(folder);
  return run(process.execPath, [...arguments_, "--assets", folder], cwd, { [ASSETS_VARIABLE]: folder });
}

/** Gives a bundle its place; where another build of the same sources was first, that one stays. */
function settle(partial: string, directory: string): void {
  try {
    renameSync(partial, directory);
  } catch (err) {
    if (!existsSync(directory)) throw err;
  }
}

/** What a module beside the entry is to workerd, by the end of its name; what has no such end is no module. */
const MODULE_TYPES: { readonly [extension: string]: "CompiledWasm" | "Text" } = { ".wasm": "CompiledWasm", ".txt": "Text", ".sql": "Text" };

/** The modules of a bundle: its entry first, then what wrangler has put beside it for the entry to import. */
function modulesOf(directory: string, entry: string): { readonly type: string; readonly path: string; readonly contents: string | Uint8Array<ArrayBuffer> }[] {
  const entryPath = join(directory, entry);
  const beside = readdirSync(directory).flatMap((file) => {
    const type = MODULE_TYPES[extname(file)];
    return type === undefined ? [] : [{ type, path: join(directory, file), contents: Uint8Array.from(readFileSync(join(directory, file))) }];
  });
  return [{ type: "ESModule", path: entryPath, contents: readFileSync(entryPath, "utf8") }, ...beside];
}

/** A built Worker as Miniflare takes it, under the name it is deployed by. */
export function miniflareWorker({ name, directory, entry, options }: BuiltWorker): V4WorkerOptions & { readonly name: string } {
  return {
    ...options,
    ...(options.assets === undefined ? {} : { assets: { ...options.assets, directory: join(directory, ASSETS_FOLDER) } }),
    name: `factory-${name}`,
    modulesRoot: directory,
    modules: modulesOf(directory, entry),
    // The options come from wrangler's reader of the same configuration; the two packages type them apart.
  } as V4WorkerOptions & { readonly name: string };
}

async function bindingsOf(name: WorkerName): Promise<BundleOptions> {
  process.env["WRANGLER_LOG"] ??= "error";
  const { unstable_getMiniflareWorkerOptions } = await import("wrangler");
  return unstable_getMiniflareWorkerOptions(join(REPOSITORY, "workers", name, "wrangler.jsonc")).workerOptions as BundleOptions;
}

/** Bundles that nothing has used for a day are dropped. */
const BUILD_AGE_MS = 24 * 60 * 60_000;

function isOld(path: string): boolean {
  return Date.now() - statSync(path).mtimeMs > BUILD_AGE_MS;
}

/** Builds Workers, a few at a time; `onBuilt` is told of each. */
export async function buildWorkers(names: readonly WorkerName[] = WORKERS, onBuilt?: (worker: BuiltWorker) => void): Promise<Map<WorkerName, BuiltWorker>> {
  const built = new Map<WorkerName, BuiltWorker>();
  const waiting = [...names];
  const lane = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const worker = await buildWorker(name);
      built.set(name, worker);
      onBuilt?.(worker);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_BUILDS }, lane));
  return built;
}
