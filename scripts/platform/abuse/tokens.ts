/** Disposition tokens and signals that can be wrong in any way. */
import { randomUUID } from "node:crypto";
import { SIGNAL_SCOPES } from "@factory/schemas";
import { importJWK, SignJWT, type CryptoKey } from "jose";
import { nowS } from "./issuer.ts";

/** How long a token lives, in seconds. */
const TTL_S = 300;

/** The two ids that a decision is known by. */
export type DecisionIds = { readonly dispositionEventId: string; readonly elucidationArtifactId: string };

/** What signs, and what it is called. */
export type TokenKey = { readonly kid: string; readonly alg: "EdDSA" | "HS256"; readonly key: CryptoKey | Uint8Array };

type Fields = { readonly [name: string]: unknown };

/** A token for a decision, with fields that take the place of others; undefined takes one away. */
export async function dispositionToken(key: TokenKey, org: string, ids: DecisionIds, claims: Fields = {}, header: Fields = {}): Promise<string> {
  const iat = nowS();
  const said = {
    iss: "factory-linear-bridge",
    aud: "factory-signals",
    sub: "ada",
    jti: randomUUID(),
    org,
    scope: Object.values(SIGNAL_SCOPES),
    ...ids,
    iat,
    exp: iat + TTL_S,
    ...claims,
  };
  const protectedHeader = { alg: key.alg, typ: "factory-disposition+jwt", kid: key.kid, ...header };
  return new SignJWT(defined(said)).setProtectedHeader({ alg: key.alg, ...defined(protectedHeader) }).sign(key.key);
}

/** The key of the bridge, from its secret, with what everybody may know of it: 32 bytes in base64url. */
export async function bridgeKey(jwk: JsonWebKey & { readonly kid?: unknown }): Promise<TokenKey & { readonly publicKey: string }> {
  const { kty, crv, x, d } = jwk;
  if (kty === undefined || crv === undefined || x === undefined || d === undefined) throw new Error("The bridge's key is no private key.");
  return { kid: String(jwk.kid), publicKey: x, alg: "EdDSA", key: await importJWK({ kty, crv, x, d }, "EdDSA") };
}

/** A token that says it has no signature, and has none. */
export function unsigned(token: string): string {
  const [, claims = ""] = token.split(".");
  return `${compact({ alg: "none", typ: "factory-disposition+jwt" })}.${claims}.`;
}

/** A token whose claims were changed after it was signed. */
export function tampered(token: string, change: Fields): string {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const said = JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as Fields;
  return `${header}.${compact({ ...said, ...change })}.${signature}`;
}

const compact = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function defined(fields: Fields): { [name: string]: unknown } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
