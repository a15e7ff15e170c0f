/** A browser's storage for tests: what is kept is text, and there is so much room and no more. */
import type { DraftStorage } from "../draft/draft-store.ts";

/** @param room - characters of all values together */
export function memoryStorage(room = Number.POSITIVE_INFINITY): DraftStorage & { readonly kept: ReadonlyMap<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    removeItem: (key) => void kept.delete(key),
    setItem(key, value) {
      const others = [...kept].reduce((sum, [name, text]) => sum + (name === key ? 0 : text.length), 0);
      if (others + value.length > room) throw new DOMException("There is no room.", "QuotaExceededError");
      kept.set(key, value);
    },
  };
}
