/** What a person signs in with, and how it is read from what they paste, drop or follow. */
import * as z from "zod/mini";

/** As the local platform's key file has it; the part that signs orders may be missing. */
const credentialsFile = z.object({
  apiKey: z.string().check(z.minLength(1)),
  envelopeKeyId: z.optional(z.string().check(z.minLength(1))),
  /** Base64 of an HMAC secret. */
  envelopeSecret: z.optional(z.string().check(z.minLength(1))),
});
export type Credentials = z.infer<typeof credentialsFile>;

/** In the address a link signs in with: no browser sends what follows the `#`. */
const FRAGMENT = "#sign-in=";

/**
 * Reads a pasted text: the JSON of a key file, or an API key alone.
 *
 * @returns null when it is neither
 */
export function credentialsOf(text: string): Credentials | null {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) return credentialsFile.safeParse(jsonOf(trimmed)).data ?? null;
  return /^[\w.-]+$/.test(trimmed) ? { apiKey: trimmed } : null;
}

/** Credentials in an address's fragment, null when it carries none. */
export function credentialsOfFragment(fragment: string): Credentials | null {
  if (!fragment.startsWith(FRAGMENT)) return null;
  const encoded = fragment.slice(FRAGMENT.length).replaceAll("-", "+").replaceAll("_", "/");
  try {
    return credentialsOf(new TextDecoder().decode(Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0))));
  } catch {
    // Not base64: somebody's link was cut short.
    return null;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says what a key file looks like.
    return null;
  }
}
