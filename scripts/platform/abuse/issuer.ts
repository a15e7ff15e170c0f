/** An OIDC issuer on loopback whose tokens can be wrong in any way. */
import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";

/** How long a token lives, in seconds. */
const TTL_S = 300;
const KEY_ID = "issuer-key-1";

/** What is said otherwise than in a good token; undefined takes a field away. */
export type TokenChanges = {
  readonly header?: { readonly [name: string]: unknown };
  readonly claims?: { readonly [name: string]: unknown };
  /** Signs instead of the issuer's key. */
  readonly key?: CryptoKey;
};

/** An issuer with one RS256 key. Dispose it, and its keys are gone. */
export class OidcIssuer implements AsyncDisposable {
  readonly audience = "factory-edge";
  readonly #server: Server;
  readonly #privateKey: CryptoKey;
  readonly #publicKey: CryptoKey;

  private constructor(server: Server, privateKey: CryptoKey, publicKey: CryptoKey) {
    this.#server = server;
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
  }

  static async start(): Promise<OidcIssuer> {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    const jwk: JWK = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: "RS256", use: "sig" };
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/jwk-set+json" }).end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new OidcIssuer(server, privateKey, publicKey);
  }

  /** As it stands in `iss`. */
  get issuer(): string {
    // It listens on a port, so its address is no path.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get jwksUri(): string {
    return `${this.issuer}/jwks`;
  }

  /** A token for a subject, with whatever is to be wrong with it. */
  async token(subject: string, { header = {}, claims = {}, key = this.#privateKey }: TokenChanges = {}): Promise<string> {
    const protectedHeader = this.#header(header);
    return new SignJWT(without(this.#claims(subject, claims))).setProtectedHeader({ alg: "RS256", ...without(protectedHeader) }).sign(key);
  }

  /** A token that says it has no signature, and has none. */
  unsignedToken(subject: string): string {
    return `${compact(this.#header({ alg: "none" }))}.${compact(this.#claims(subject, {}))}.`;
  }

  /** A token whose HMAC has the issuer's public key as its secret: what is public to whoever mistakes it for a secret. */
  async confusedToken(subject: string): Promise<string> {
    const text = `${compact(this.#header({ alg: "HS256" }))}.${compact(this.#claims(subject, {}))}`;
    return `${text}.${createHmac("sha256", await exportSPKI(this.#publicKey))
      .update(text)
      .digest("base64url")}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #header(changes: { readonly [name: string]: unknown }): { readonly [name: string]: unknown } {
    return { alg: "RS256", typ: "JWT", kid: KEY_ID, ...changes };
  }

  #claims(sub: string, changes: { readonly [name: string]: unknown }): { readonly [name: string]: unknown } {
    const iat = nowS();
    return { iss: this.issuer, aud: this.audience, sub, iat, exp: iat + TTL_S, ...changes };
  }
}

/** The clock, in whole seconds. */
export const nowS = (): number => Math.floor(Date.now() / 1_000);

/** A key that is no issuer's, with its public part. */
export async function strangersKey(): Promise<{ readonly privateKey: CryptoKey; readonly jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  return { privateKey, jwk: await exportJWK(publicKey) };
}

const compact = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function without(fields: { readonly [name: string]: unknown }): { [name: string]: unknown } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
