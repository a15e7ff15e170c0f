/** The one place where a caller proves who it is: an API key or an OIDC token in the `Authorization` header. */
import { refuse, type Result } from "@factory/schemas";
import { authenticateApiKey, isApiKey } from "./api-keys.ts";
import { authenticateOidc, type OidcDeps } from "./oidc.ts";
import type { AuthenticatedPrincipal } from "./principals.ts";

/** What proving who one is needs. */
export type CredentialDeps = OidcDeps;

/** Three parts of base64url: a signed token in its compact form, RFC 7515 7.1. */
const TOKEN_PATTERN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/**
 * The principal of an `Authorization` header.
 *
 * @param header - value of the header, or null when it is absent
 * @returns UNAUTHENTICATED with no word on what is wrong; PERMISSION_DENIED for a good token of nobody's.
 * @throws what the record store throws
 */
export async function authenticate(header: string | null, deps: CredentialDeps): Promise<Result<{ principal: AuthenticatedPrincipal }>> {
  const credential = header === null ? undefined : /^bearer +(\S+) *$/i.exec(header)?.[1];
  if (credential === undefined) return refuse("UNAUTHENTICATED");
  if (isApiKey(credential)) return authenticateApiKey(credential, deps.records, deps.now());
  return TOKEN_PATTERN.test(credential) ? authenticateOidc(credential, deps) : refuse("UNAUTHENTICATED");
}
