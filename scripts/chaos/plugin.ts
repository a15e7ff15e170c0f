/**
 * A plugin of Miniflare for the binding type `unsafe:chaos`: a wrapped binding around the real one of the same name. Only
 * the chaos suite names it; no configuration of a Worker does.
 */
import { readFileSync } from "node:fs";
import { transformSync } from "esbuild";
import { PLUGINS, type Plugin, type ParsedWorkerOptions, type ParsedInstanceOptions, type Worker_Binding } from "miniflare";
import { z } from "zod";

const MODULE = "chaos:faulty-binding";
const DECISIONS = "chaos:decisions";
/** Name of the binding's type and of the plugin. */
export const CHAOS = "chaos";

const bindingOptions = z.object({
  kind: z.enum(["r2", "kv", "d1", "queue"]),
  site: z.string(),
  /** The real binding, as Miniflare's own plugins take it. */
  real: z.record(z.string(), z.unknown()),
  /** Host and port of the driver. */
  decisions: z.string(),
});

/** What one binding of this type is told. */
export type ChaosBindingOptions = z.infer<typeof bindingOptions>;

/** The plugin of Miniflare that makes the real binding of each kind. */
const REAL_PLUGIN: { readonly [K in ChaosBindingOptions["kind"]]: Plugin } = { r2: PLUGINS.r2, kv: PLUGINS.kv, d1: PLUGINS.d1, queue: PLUGINS.queues };

function chaosBindings(options: ParsedWorkerOptions): [string, ChaosBindingOptions][] {
  return Object.entries(options.config.env ?? {}).flatMap(([name, binding]) =>
    binding.type === `unsafe:${CHAOS}` && "dev" in binding
      ? [[name, bindingOptions.parse(Reflect.get(Object(binding.dev), "options"))] as [string, ChaosBindingOptions]]
      : [],
  );
}

async function wrapped(
  name: string,
  chaos: ChaosBindingOptions,
  options: ParsedWorkerOptions,
  shared: ParsedInstanceOptions,
  index: number,
): Promise<Worker_Binding> {
  // The real binding comes from the plugin that would have made it, for a Worker that has nothing else.
  const alone = { ...options, config: { ...options.config, env: { real: chaos.real } } } as ParsedWorkerOptions;
  const made = await REAL_PLUGIN[chaos.kind].getBindings(alone, shared, index);
  const real = made?.find((binding) => binding.name === "real");
  if (real === undefined) throw new Error(`Miniflare made no ${chaos.kind} binding for ${chaos.site}.`);
  return {
    name,
    wrapped: {
      moduleName: MODULE,
      innerBindings: [
        real,
        { name: "kind", json: JSON.stringify(chaos.kind) },
        { name: "site", json: JSON.stringify(chaos.site) },
        { name: "decisions", service: { name: DECISIONS } },
      ],
    },
  };
}

const chaosPlugin: Plugin = {
  bindingTypeDescription: "Chaos",
  getBindings: (options, shared, index) => Promise.all(chaosBindings(options).map(([name, chaos]) => wrapped(name, chaos, options, shared, index))),
  getNodeBindings: () => ({}),
  getServices: ({ options }) => {
    const address = chaosBindings(options)[0]?.[1].decisions;
    return address === undefined ? [] : [{ name: DECISIONS, external: { address, http: {} } }];
  },
  getExtensions: () => {
    const source = readFileSync(new URL("faulty-binding.ts", import.meta.url), "utf8");
    return [{ modules: [{ name: MODULE, esModule: transformSync(source, { loader: "ts", format: "esm", target: "esnext" }).code, internal: true }] }];
  },
};

/** What Miniflare looks for in a package of plugins. */
export const plugins = { [CHAOS]: chaosPlugin };
