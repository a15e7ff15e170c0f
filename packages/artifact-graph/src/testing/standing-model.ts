/** What the standings should be, worked out anew from every node and edge, without a store. */
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { HypothesisQuery, HypothesisStatus } from "@factory/schemas/rpc";

/** A hypothesis as a query answers it. */
export type ModelHypothesis = { readonly id: string; readonly status: HypothesisStatus; readonly cycles: number };

/** Nodes in the order of writing, edges and surfacings. */
export class StandingModel {
  readonly #nodes = new Map<string, ArtifactNode & { readonly place: number }>();
  readonly #edges = new Map<string, ArtifactEdge>();
  readonly #cycles = new Map<string, Set<string>>();

  /** Takes a call, or answers which target already has a successor. */
  append(nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): string | null {
    const fresh = edges.filter((edge) => !this.#edges.has(keyOf(edge)));
    const all = [...this.#edges.values(), ...new Map(fresh.map((edge) => [keyOf(edge), edge])).values()];
    const succeeded = all.flatMap(({ rel, target }) => (rel === "version_of" ? [target] : []));
    const twice = succeeded.find((target, index) => succeeded.indexOf(target) !== index);
    if (twice !== undefined) return twice;
    for (const node of nodes) if (!this.#nodes.has(node.id)) this.#nodes.set(node.id, { ...node, place: this.#nodes.size });
    for (const edge of fresh) this.#edges.set(keyOf(edge), edge);
    return null;
  }

  surface(hypothesis: string, cycle: string): number {
    const cycles = this.#cycles.get(hypothesis) ?? new Set();
    this.#cycles.set(hypothesis, cycles.add(cycle));
    return cycles.size;
  }

  has(id: string): boolean {
    return this.#nodes.has(id);
  }

  /** The active specification of every domain, the one adopted last first. */
  active(): { readonly domain: string; readonly id: string }[] {
    const live = this.#ofType("Specification")
      .flatMap(({ id, data }) => {
        const [adopted, domain] = [this.#adopted(id), data["domain"]];
        const succeeded = this.#sources(id, "version_of").some((later) => this.#adopted(later) !== null);
        return adopted === null || typeof domain !== "string" || succeeded || this.#corrected(id) ? [] : [{ id, domain, adopted }];
      })
      // Two that one verdict adopts are told apart by their ids.
      .sort((a, b) => b.adopted - a.adopted || (a.id < b.id ? 1 : -1));
    return live.filter(({ domain }, index) => live.findIndex((other) => other.domain === domain) === index).map(({ id, domain }) => ({ id, domain }));
  }

  /** Hypotheses that fit, newest first. */
  hypotheses({ status, severity, surfaced, carriedOver, beforeId, limit = Infinity }: HypothesisQuery): ModelHypothesis[] {
    const before = beforeId === undefined ? Infinity : this.#place(beforeId);
    return this.#ofType("Hypothesis")
      .toSorted((a, b) => b.place - a.place)
      .map(({ id, data, place }) => ({ id, place, severity: data["severity"], status: this.#status(id), cycles: this.#cycles.get(id)?.size ?? 0 }))
      .filter((one) => status === undefined || one.status === status)
      .filter((one) => severity === undefined || one.severity === severity)
      .filter((one) => surfaced === undefined || one.cycles > 0 === surfaced)
      .filter((one) => carriedOver === undefined || (one.status === "open" && one.cycles >= carriedOver))
      .filter((one) => one.place < before)
      .slice(0, limit)
      .map((one) => ({ id: one.id, status: one.status, cycles: one.cycles }));
  }

  #adopted(specification: string): number | null {
    const amendments = this.#sources(specification, "if_adopted_produces");
    if (amendments.length === 0) return this.#place(specification);
    const favorable = amendments.flatMap((amendment) => this.#verdicts(amendment)).filter(({ outcome }) => outcome === "favorable");
    return favorable.length === 0 ? null : Math.max(this.#place(specification), Math.min(...favorable.map(({ place }) => place)));
  }

  #status(hypothesis: string): HypothesisStatus {
    if (this.#corrected(hypothesis)) return "superseded";
    const verdicts = this.#targets(hypothesis, "motivates").flatMap((amendment) => this.#verdicts(amendment));
    const last = verdicts.sort((a, b) => a.place - b.place).at(-1);
    if (last === undefined) return "open";
    return last.outcome === "favorable" ? "adopted" : "rejected";
  }

  #verdicts(amendment: string): { readonly outcome: unknown; readonly place: number }[] {
    const verdicts = this.#targets(amendment, "subject_to").flatMap((process) => this.#targets(process, "produces_verdict"));
    return verdicts.flatMap((id) => {
      const verdict = this.#nodes.get(id);
      return verdict === undefined ? [] : [{ outcome: verdict.data["outcome"], place: verdict.place }];
    });
  }

  #corrected(id: string): boolean {
    return this.#sources(id, "corrects").length > 0;
  }

  #ofType(type: string) {
    return [...this.#nodes.values()].filter((node) => node.type === type);
  }

  #place(id: string): number {
    return this.#nodes.get(id)?.place ?? -1;
  }

  #sources(id: string, rel: string): string[] {
    return [...this.#edges.values()].flatMap((edge) => (edge.target === id && edge.rel === rel ? [edge.source] : []));
  }

  #targets(id: string, rel: string): string[] {
    return [...this.#edges.values()].flatMap((edge) => (edge.source === id && edge.rel === rel ? [edge.target] : []));
  }
}

function keyOf({ source, rel, target }: ArtifactEdge): string {
  return JSON.stringify([source, rel, target]);
}
