/** What may go wrong, where, and how often; a site's decisions are a function of the seed, its name and the number of the call. */
import { between, drawsOf, shuffled, type Draw } from "./random.ts";

/** Kinds of bindings that are made to fail. */
export type BindingKind = "r2" | "kv" | "d1" | "queue";

/** What happens to one call of a binding. */
export type Fault =
  /** It is never carried out; the caller gets an error. */
  | { readonly kind: "fail" }
  /** It is carried out; its answer is lost and the caller gets an error. */
  | { readonly kind: "lose" }
  /** It comes later. In milliseconds. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Its messages are sent twice, the last first, and one copy so much later that others overtake it. In milliseconds. */
  | { readonly kind: "scatter"; readonly ms: number };

/** What happens to one call of a model. */
export type ModelFault =
  /** No answer; the connection ends after so many milliseconds. */
  { readonly kind: "timeout"; readonly ms: number } | { readonly kind: "429"; readonly retryAfterMs: number } | { readonly kind: "500" };

type Making<F> = (draw: Draw) => F;

const STORE_FAULTS: readonly Making<Fault>[] = [() => ({ kind: "fail" }), () => ({ kind: "lose" }), (draw) => ({ kind: "delay", ms: between(draw, 50, 800) })];
/** A run sends few messages, so one fault does to them all that a queue may do; losing them is left to the kills. */
const QUEUE_FAULTS: readonly Making<Fault>[] = [
  (draw) => ({ kind: "scatter", ms: between(draw, 1_000, 4_000) }),
  (draw) => ({ kind: "scatter", ms: between(draw, 1_000, 4_000) }),
  () => ({ kind: "fail" }),
];
/** What a fault is counted as. */
const COUNTED_AS: { readonly [K in Fault["kind"]]: readonly string[] } = {
  fail: ["fail"],
  lose: ["lose"],
  delay: ["delay"],
  scatter: ["delay", "duplicate", "reorder"],
};
const MODEL_FAULTS: readonly Making<ModelFault>[] = [
  (draw) => ({ kind: "429", retryAfterMs: between(draw, 50, 500) }),
  () => ({ kind: "500" }),
  (draw) => ({ kind: "timeout", ms: between(draw, 500, 2_500) }),
];

/** Mean number of calls from one fault of a site to the next, by kind of site; the first comes early. */
const MEAN_GAP = { r2: 25, kv: 8, d1: 4, queue: 2, model: 12 } as const;
/** The first fault of a site falls on one of its first so many calls, so that a quiet site is disturbed too. */
const FIRST_WITHIN = { r2: 6, kv: 3, d1: 2, queue: 1, model: 4 } as const;

/** The faults of one site, in the order of its calls. */
class Site<F> {
  readonly #draw: Draw;
  readonly #menu: readonly Making<F>[];
  readonly #meanGap: number;
  #left: number;
  #cycle: Making<F>[];

  constructor(draw: Draw, menu: readonly Making<F>[], bounds: { readonly meanGap: number; readonly firstWithin: number }) {
    this.#draw = draw;
    this.#menu = menu;
    this.#meanGap = bounds.meanGap;
    this.#left = between(draw, 1, bounds.firstWithin);
    // The first fault is the first of the menu: on a quiet site it may be the only one.
    this.#cycle = menu.slice(0, 1);
  }

  /** What happens to the next call; null when nothing does. Each kind comes once before one comes again. */
  next(): F | null {
    this.#left -= 1;
    if (this.#left > 0) return null;
    this.#left = between(this.#draw, 1, 2 * this.#meanGap - 1);
    if (this.#cycle.length === 0) this.#cycle = shuffled(this.#draw, this.#menu);
    return this.#cycle.pop()?.(this.#draw) ?? null;
  }
}

const menuOf = (kind: BindingKind): readonly Making<Fault>[] => (kind === "queue" ? QUEUE_FAULTS : STORE_FAULTS);

/** The decisions of a run and what came of them. */
export class FaultPlan {
  readonly #seed: number;
  readonly #sites = new Map<string, Site<Fault>>();
  readonly #model: Site<ModelFault>;
  readonly #injected = new Map<string, number>();
  readonly #onFault: (kind: string, where: string) => void;
  /** Not replayed: whether the storm blows; calls outside of it take no decision. */
  #raging = false;

  constructor(seed: number, onFault: (kind: string, where: string) => void = () => undefined) {
    this.#seed = seed;
    this.#onFault = onFault;
    this.#model = new Site(drawsOf(seed, "model"), MODEL_FAULTS, { meanGap: MEAN_GAP.model, firstWithin: FIRST_WITHIN.model });
  }

  /** Calls are decided on from now on, or no longer. */
  rage(raging: boolean): void {
    this.#raging = raging;
  }

  /** Decides on the next call of a binding; `site` names the Worker and the binding. */
  ofBinding(kind: BindingKind, site: string): Fault | null {
    if (!this.#raging) return null;
    const fault = this.#site(kind, site).next();
    if (fault !== null) for (const name of COUNTED_AS[fault.kind]) this.count(`${kind}.${name}`, site);
    return fault;
  }

  /** Decides on the next call of the model. */
  ofModel(): ModelFault | null {
    if (!this.#raging) return null;
    const fault = this.#model.next();
    if (fault !== null) this.count(`model.${fault.kind}`, "model");
    return fault;
  }

  /** Notes a fault. */
  count(kind: string, where: string): void {
    this.#injected.set(kind, (this.#injected.get(kind) ?? 0) + 1);
    this.#onFault(kind, where);
  }

  /** Faults by kind, in the order of their names. */
  get injected(): { readonly [kind: string]: number } {
    return Object.fromEntries([...this.#injected].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #site(kind: BindingKind, name: string): Site<Fault> {
    const known = this.#sites.get(name);
    if (known !== undefined) return known;
    const site = new Site(drawsOf(this.#seed, name), menuOf(kind), { meanGap: MEAN_GAP[kind], firstWithin: FIRST_WITHIN[kind] });
    this.#sites.set(name, site);
    return site;
  }
}
