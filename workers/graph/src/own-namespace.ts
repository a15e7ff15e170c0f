/** What a lineage object is bound to: its name says it, and an object reached by any other name refuses to be made. */
import { FactoryError, parseObjectName } from "@factory/schemas";

/** Namespace of an org's source graph. */
const SOURCES_NAMESPACE = "sources";

/** Whose lineage an object holds, and of what. */
export type OwnNamespace = { readonly org: string; readonly namespace: string };

/**
 * Org and namespace of a lineage object: those of an assembly, or the org's sources.
 *
 * @throws FactoryError INTEGRITY for another name: a wrong name would yield a fresh, empty graph that reports success.
 */
export function ownNamespace(name: string | undefined): OwnNamespace {
  const parsed = name === undefined ? null : parseObjectName(name);
  const [assembly, ...more] = parsed?.rest ?? [];
  if (parsed?.kind === "artifacts" && assembly !== undefined && assembly !== "" && more.length === 0) return { org: parsed.org, namespace: assembly };
  if (parsed?.kind === "sources" && assembly === undefined) return { org: parsed.org, namespace: SOURCES_NAMESPACE };
  throw new FactoryError("INTEGRITY", `A lineage object is reached by the name of its artifacts or sources, not by "${name ?? "an id"}".`);
}
