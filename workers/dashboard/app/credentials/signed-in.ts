/** Who is signed in, for the whole page. The API key is in the tab's storage, or in the browser's where the person said so. */
import { useSyncExternalStore } from "react";
import type { Credentials } from "./credentials.ts";
import { forgetEnvelopeKey, keepEnvelopeKey } from "./envelope-key-store.ts";

const STORAGE_KEY = "factory.api-key";

/** Not persisted: what the storages say, read once. */
let apiKey: string | null = sessionStorage.getItem(STORAGE_KEY) ?? localStorage.getItem(STORAGE_KEY);
const listeners = new Set<() => void>();

/** The API key that calls are made with; null when nobody is signed in. */
export const currentApiKey = (): string | null => apiKey;

/** Signs in. `stay` keeps it beyond the tab. @throws DOMException when the envelope key cannot be kept. */
export async function signIn({ apiKey: key, envelopeKeyId, envelopeSecret }: Credentials, stay: boolean): Promise<void> {
  if (envelopeKeyId === undefined || envelopeSecret === undefined) await forgetEnvelopeKey();
  else await keepEnvelopeKey(envelopeKeyId, envelopeSecret);
  (stay ? localStorage : sessionStorage).setItem(STORAGE_KEY, key);
  change(key);
}

/** Signs out and forgets both keys. */
export async function signOut(): Promise<void> {
  sessionStorage.removeItem(STORAGE_KEY);
  localStorage.removeItem(STORAGE_KEY);
  change(null);
  await forgetEnvelopeKey();
}

/** {@link currentApiKey} for a component, which is rendered anew when it changes. */
export function useApiKey(): string | null {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, currentApiKey);
}

function change(key: string | null): void {
  apiKey = key;
  for (const listener of listeners) listener();
}
