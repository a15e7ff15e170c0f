/** Puts faulty bindings in the place of the real ones; the host of a chaos run imports this module. */
import { fileURLToPath } from "node:url";
import type { V4WorkerOptions } from "miniflare";
import { z } from "zod";
import type { Decoration, NamedWorker } from "../platform/platform.ts";
import type { BindingKind } from "./faults.ts";
import { CHAOS, type ChaosBindingOptions } from "./plugin.ts";

/** Holds every real binding under its own name: the bootstrap writes through it, and no fault reaches it. */
const VAULT = "chaos-vault";

const decorationOptions = z.object({ decisions: z.string() });
/** What {@link decorate} is told: host and port of the driver. */
export type ChaosDecorationOptions = z.infer<typeof decorationOptions>;

const entry = z.union([z.string(), z.looseObject({ id: z.string() })]);
const producer = z.union([z.string(), z.looseObject({ queueName: z.string() })]);
const replaced = z.looseObject({
  r2Buckets: z.record(z.string(), entry).default({}),
  kvNamespaces: z.record(z.string(), entry).default({}),
  d1Databases: z.record(z.string(), entry).default({}),
  queueProducers: z.record(z.string(), producer).default({}),
});

const idOf = (value: z.infer<typeof entry>): string => (typeof value === "string" ? value : value.id);
const queueOf = (value: z.infer<typeof producer>): string => (typeof value === "string" ? value : value.queueName);

/** Every bucket, namespace, database and producer of the Workers fails, delays, duplicates and reorders as the driver says. */
export function decorate(workers: readonly NamedWorker[], options: unknown): Decoration {
  const { decisions } = decorationOptions.parse(options);
  const parsed = workers.map((worker) => ({ worker, real: replaced.parse(worker) }));
  const vault = {
    name: VAULT,
    modules: [{ type: "ESModule", path: "vault.js", contents: "export default { fetch: () => new Response(null, { status: 404 }) };" }],
    compatibilityDate: "2026-08-04",
    r2Buckets: Object.assign({}, ...parsed.map(({ real }) => real.r2Buckets)),
    kvNamespaces: Object.assign({}, ...parsed.map(({ real }) => real.kvNamespaces)),
    d1Databases: Object.assign({}, ...parsed.map(({ real }) => real.d1Databases)),
    queueProducers: Object.assign({}, ...parsed.map(({ real }) => real.queueProducers)),
  } as V4WorkerOptions & { readonly name: string };
  const faulty = parsed.map(({ worker, real }): NamedWorker => {
    const bind = (kind: BindingKind, name: string, inner: ChaosBindingOptions["real"]): object => ({
      name,
      type: CHAOS,
      plugin: { package: fileURLToPath(new URL("plugin.ts", import.meta.url)), name: CHAOS },
      options: { kind, site: `${worker.name}.${name}`, real: inner, decisions } satisfies ChaosBindingOptions,
    });
    const unsafeBindings = [
      ...Object.entries(real.r2Buckets).map(([name, value]) => bind("r2", name, { type: "r2", name: idOf(value) })),
      ...Object.entries(real.kvNamespaces).map(([name, value]) => bind("kv", name, { type: "kv", id: idOf(value) })),
      ...Object.entries(real.d1Databases).map(([name, value]) => bind("d1", name, { type: "d1", id: idOf(value) })),
      ...Object.entries(real.queueProducers).map(([name, value]) => bind("queue", name, { type: "queue", name: queueOf(value) })),
    ];
    const rest = { ...worker, r2Buckets: {}, kvNamespaces: {}, d1Databases: {}, queueProducers: {} };
    return { ...rest, unsafeBindings: [...(worker.unsafeBindings ?? []), ...unsafeBindings] } as NamedWorker;
  });
  return { workers: [...faulty, vault], bootstrapFrom: VAULT };
}
