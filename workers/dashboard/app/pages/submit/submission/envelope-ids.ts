/**
 * The id of the envelope that a draft is handed in with. It is made once for a text with its files and kept until a session has come
 * of it, so that a second click, a lost answer and a reload all find the same session.
 */
import { newEnvelopeId } from "@factory/governance";
import * as z from "zod/mini";
import type { DraftOwner, DraftStorage } from "../draft/draft-store.ts";

const keptId = z.object({ digest: z.string(), envelopeId: z.string() });

const keyOf = ({ org, principalId }: DraftOwner): string => `factory.envelope-id.${org}.${principalId}`;

/**
 * The id for a draft.
 *
 * @param digest - of everything that is handed in
 * @throws DOMException when the browser cannot keep it: an id that is lost may make two sessions.
 */
export function envelopeIdFor(storage: DraftStorage, owner: DraftOwner, digest: string): string {
  const kept = read(storage, owner);
  if (kept?.digest === digest) return kept.envelopeId;
  const envelopeId = newEnvelopeId();
  storage.setItem(keyOf(owner), JSON.stringify({ digest, envelopeId }));
  return envelopeId;
}

/** Forgets an id that a session has come of, or that was used for something else; a newer one stays. */
export function forgetEnvelopeId(storage: DraftStorage, owner: DraftOwner, envelopeId: string): void {
  if (read(storage, owner)?.envelopeId === envelopeId) storage.removeItem(keyOf(owner));
}

function read(storage: DraftStorage, owner: DraftOwner): z.infer<typeof keptId> | null {
  const text = storage.getItem(keyOf(owner));
  if (text === null) return null;
  try {
    return keptId.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // Not of this page's making; a new id takes its place.
    return null;
  }
}
