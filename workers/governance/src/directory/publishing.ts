/** Carries records from a directory to the store that edges read. */
import { TerminalError } from "@factory/durable";
import type { Delivery, Effect } from "@factory/durable";
import { z } from "zod";
import type { OrgDirectory, Publication } from "./directory.ts";

/** The part of KV that is used. */
export type RecordStore = Pick<KVNamespace, "get" | "put" | "delete">;

const owned = z.looseObject({ org: z.string() });

/**
 * Publishes the state that the effects name. Several effects of a record are one write: what counts is how it stands now.
 *
 * @throws TerminalError for a record that is another organisation's: ids of signing keys and issuers are one namespace, and whoever
 *   was first keeps theirs
 */
export async function publish(directory: Pick<OrgDirectory, "publicationOf">, store: RecordStore, effects: readonly Effect[]): Promise<Delivery> {
  const publications = new Map(effects.map(({ payload }) => directory.publicationOf(payload)).map((publication) => [publication.key, publication]));
  for (const publication of publications.values()) await write(store, publication);
  return { ok: true };
}

async function write(store: RecordStore, { key, org, value }: Publication): Promise<void> {
  const holder = owned.safeParse(await store.get(key, "json"));
  if (holder.success && holder.data.org !== org) throw new TerminalError(`The record ${key} is another organisation's; nothing was published.`);
  if (value === null) await store.delete(key);
  else await store.put(key, value);
}
