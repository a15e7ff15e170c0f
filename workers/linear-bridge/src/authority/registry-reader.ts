/** Reading the published authority registry. */
import { messageOf } from "@factory/durable";
import type { Log } from "@factory/durable";
import { FactoryError, kvKey } from "@factory/schemas";
import { authorityRegistry } from "./authority-registry.ts";
import type { AuthorityRegistry } from "./authority-registry.ts";

/** How long an edge may answer from the registry it has read, in seconds: who is taken out may decide at most this much longer. */
export const AUTHORITY_CACHE_S = 60;

/** The store it is published to; a `KVNamespace` fits. */
export interface AuthorityStore {
  get(key: string, options: { readonly type: "text"; readonly cacheTtl: number }): Promise<string | null>;
}

/**
 * The registry; null when none is published or what is published does not parse, which permits nothing.
 *
 * @throws FactoryError UNAVAILABLE when the store does not answer: who may decide is then not known.
 */
export async function readAuthority(store: AuthorityStore, log: Log): Promise<AuthorityRegistry | null> {
  const text = await published(store);
  if (text === null) return null;
  const parsed = authorityRegistry.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const fields = { path: issue?.path.join(".") ?? "", error: issue?.message ?? "unreadable" };
  log.event({ op: "authority.read", outcome: "failed", durationMs: 0, ids: {}, fields });
  return null;
}

async function published(store: AuthorityStore): Promise<string | null> {
  try {
    return await store.get(kvKey.linearAuthority(), { type: "text", cacheTtl: AUTHORITY_CACHE_S });
  } catch (err) {
    throw new FactoryError("UNAVAILABLE", `The authority registry does not answer: ${messageOf(err)}`);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Text that is no JSON is no registry, which the schema says.
    return undefined;
  }
}
