/**
 * What a domain may write: its node types, its relations, and for each relation which end is the cause. The graph
 * itself knows no domain; a registry is data that it is given.
 */

/** Which end of a relation is the cause of the other: `why` walks to causes, `impact` away from them. */
export type Cause = "source" | "target" | "none";

/** A relation. Without `from` or `to` that end may be of any registered type. */
export interface Relation {
  readonly cause: Cause;
  readonly from?: readonly string[];
  readonly to?: readonly string[];
  /** The source takes the place of the target: a target has at most one such source, a second one comes too late. */
  readonly succession?: boolean;
}

/** The types and relations of a domain. */
export interface GraphRegistry {
  readonly types: readonly string[];
  readonly relations: { readonly [name: string]: Relation };
}

/**
 * One registry of several; a later one may add to an earlier one, never change it.
 *
 * @throws TypeError when two declare the same relation or a relation names a type that none declares.
 */
export function joinRegistries(...registries: readonly GraphRegistry[]): GraphRegistry {
  const types = new Set(registries.flatMap((registry) => registry.types));
  const relations: Record<string, Relation> = {};
  for (const [name, relation] of registries.flatMap((registry) => Object.entries(registry.relations))) {
    if (Object.hasOwn(relations, name)) throw new TypeError(`The relation "${name}" is declared twice.`);
    const unknown = [...(relation.from ?? []), ...(relation.to ?? [])].find((type) => !types.has(type));
    if (unknown !== undefined) throw new TypeError(`The relation "${name}" names the type "${unknown}", which is not declared.`);
    relations[name] = relation;
  }
  return { types: [...types], relations };
}

/** Names of the relations whose cause is the given end. */
export function relationsCausedBy(registry: GraphRegistry, cause: Cause): string[] {
  return Object.entries(registry.relations).flatMap(([name, relation]) => (relation.cause === cause ? [name] : []));
}
