/**
 * The projections of organisations, for Workers that may not make one by calling it: there is one where the authority registry shows
 * the organisation in a team. What an organisation that was taken out has left can be written nowhere any more.
 */
import type { LinearProjectionRpc, ObjectHealth, ObjectHealthRpc } from "@factory/schemas/rpc";
import type { AuthorityRegistry } from "./authority/authority-registry.ts";

/** What is asked of them. */
export interface ProjectionsDeps {
  /** Null permits nothing. @throws FactoryError UNAVAILABLE when the registry does not answer */
  readonly authority: () => Promise<AuthorityRegistry | null>;
  readonly projection: (org: string) => Pick<LinearProjectionRpc, "poke"> & ObjectHealthRpc;
}

/** Projections of all organisations. */
export class Projections {
  readonly #deps: ProjectionsDeps;

  constructor(deps: ProjectionsDeps) {
    this.#deps = deps;
  }

  /** Pokes the organisation's projection where there is one. @throws FactoryError UNAVAILABLE when the registry does not answer */
  async poke(org: string): Promise<void> {
    if (await this.#isShown(org)) await this.#deps.projection(org).poke();
  }

  /** What the organisation's projection says of itself; null where there is none. @throws FactoryError UNAVAILABLE when the registry does not answer */
  async health(org: string): Promise<ObjectHealth | null> {
    return (await this.#isShown(org)) ? this.#deps.projection(org).objectHealth() : null;
  }

  async #isShown(org: string): Promise<boolean> {
    const registry = await this.#deps.authority();
    return registry?.orgs.some((entry) => entry.org === org) ?? false;
  }
}
