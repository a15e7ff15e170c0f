/** Puts a platform behind a switchboard: its bindings, and what the Workers that decide and show offer to others. The host of an outage test imports this module. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { z } from "zod";
import { decorate as decorateBindings } from "../../chaos/decorate.ts";
import type { Decoration, NamedWorker } from "../platform.ts";

const options = z.object({ decisions: z.string() });
/** What {@link decorate} is told: host and port of the switchboard. */
export type OutageDecorationOptions = z.infer<typeof options>;

/** Workers whose classes fail on demand. */
const DISTURBED: ReadonlySet<string> = new Set(["factory-governance", "factory-linear-bridge", "factory-commissioning", "factory-pipeline"]);

const built = z.looseObject({
  modulesRoot: z.string(),
  modules: z.array(z.looseObject({ type: z.string(), path: z.string() })).min(1),
  serviceBindings: z.record(z.string(), z.unknown()).default({}),
});

/** Every bucket, namespace, database and producer, and every method of the disturbed Workers' classes, does as the switchboard says. */
export function decorate(workers: readonly NamedWorker[], told: unknown): Decoration {
  const { decisions } = options.parse(told);
  const { workers: faulty, bootstrapFrom } = decorateBindings(workers, { decisions });
  return { bootstrapFrom, workers: faulty.map((worker) => (DISTURBED.has(worker.name) ? disturbed(worker, decisions) : worker)) };
}

/** The Worker with an entry of its own before its bundle's, which exports the same classes with other methods. */
function disturbed(worker: NamedWorker, address: string): NamedWorker {
  const { modulesRoot, modules, serviceBindings } = built.parse(worker);
  const entry = `./${modules[0]?.path.slice(modulesRoot.length + 1)}`;
  const contents = [
    `import * as exported from "${entry}";`,
    `import { disturb } from "./disturbed-worker.js";`,
    `disturb("${worker.name}", exported);`,
    `export * from "${entry}";`,
    `export { default } from "${entry}";`,
  ].join("\n");
  const own = (name: string, text: string): object => ({ type: "ESModule", path: join(modulesRoot, name), contents: text });
  return {
    ...worker,
    modules: [own("disturbed-entry.js", contents), own("disturbed-worker.js", DISTURBED_WORKER), ...modules],
    serviceBindings: { ...serviceBindings, OUTAGES: { external: { address, http: {} } } },
    // The modules are those of a built Worker and two of the same form; a service's value has no type of its own.
  } as NamedWorker;
}

const DISTURBED_WORKER = transformSync(readFileSync(new URL("disturbed-worker.ts", import.meta.url), "utf8"), {
  loader: "ts",
  format: "esm",
  target: "esnext",
}).code;
