/**
 * The key that signs a person's orders, kept by the browser in a form that no script can read out: a script that gets into the page
 * could sign while the page is open, and could not take the key away.
 */
/** A key of WebCrypto that signs envelopes. */
export type EnvelopeKey = { readonly keyId: string; readonly algorithm: "HMAC-SHA256"; readonly key: CryptoKey };

const DATABASE = "factory";
const STORE = "envelope-keys";
/** A browser holds one person's key. */
const KEY = "mine";

/**
 * Imports an HMAC secret and keeps it.
 *
 * @param secret - base64
 * @throws DOMException when the secret is not base64 or the browser refuses storage
 */
export async function keepEnvelopeKey(keyId: string, secret: string): Promise<EnvelopeKey> {
  // Fetched by who brings a key, not by everybody who opens the page.
  const { importSigningKey } = await import("@factory/governance");
  const key = await importSigningKey({ keyId, algorithm: "HMAC-SHA256", secret });
  const kept: EnvelopeKey = { keyId, algorithm: "HMAC-SHA256", key };
  await inStore("readwrite", (store) => store.put(kept, KEY));
  return kept;
}

/** The kept key; null when none is. */
export async function keptEnvelopeKey(): Promise<EnvelopeKey | null> {
  // The database has only what `keepEnvelopeKey` put there.
  return ((await inStore("readonly", (store) => store.get(KEY))) as EnvelopeKey | undefined) ?? null;
}

/** Forgets the key. */
export async function forgetEnvelopeKey(): Promise<void> {
  await inStore("readwrite", (store) => store.delete(KEY));
}

async function inStore<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.addEventListener("upgradeneeded", () => opening.result.createObjectStore(STORE));
  const database = await settled(opening);
  try {
    return await settled(act(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("The browser's database did not answer.")));
  });
