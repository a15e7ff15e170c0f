import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { kvKey } from "@factory/schemas";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWK } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authenticate } from "./credentials.ts";
import { IssuerKeySets, isJwksUri, JWKS_COOL_DOWN_MS, JWKS_FRESH_MS, JWKS_MAX_AGE_MS, JWKS_MAX_BYTES } from "./issuer-keys.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");
const SECOND = 1_000;
const AUDIENCE = "factory";
const ORG = "acme";

/** A key pair of the issuer, with what its key set says of it. */
type IssuerKey = { readonly kid: string; readonly alg: string; readonly privateKey: CryptoKey; readonly publicKey: CryptoKey; readonly jwk: JWK };

async function aKey(kid: string, alg = "ES256"): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

/** A real server of a key set; what it answers is the test's to say. */
class JwksServer {
  asked = 0;
  body = "";
  status = 200;
  headers: { [name: string]: string } = { "content-type": "application/json" };
  readonly #server: Server = createServer((_request, response) => {
    this.asked += 1;
    response.writeHead(this.status, this.headers).end(this.body);
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get url(): string {
    // A server that listens on a port has an address of this form.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  serve(...keys: readonly IssuerKey[]): void {
    this.body = JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** An issuer with one member, and an edge that knows both. */
class World {
  now = NOW;
  readonly jwks = new JwksServer();
  readonly records = new Map<string, unknown>();
  readonly reported: string[] = [];
  #isolate = this.#newIsolate();

  async start(...keys: readonly IssuerKey[]): Promise<void> {
    await this.jwks.start();
    this.jwks.serve(...keys);
    this.records.set(kvKey.oidcIssuer(this.issuer), { issuer: this.issuer, audience: AUDIENCE, jwksUri: `${this.jwks.url}/keys`, org: ORG });
    this.addMember("sub-ana", {});
  }

  readonly issuer = "https://login.acme.test/";

  addMember(subject: string, change: { readonly [field: string]: unknown }): void {
    this.records.set(kvKey.memberBySubject(ORG, subject), { memberId: "ana", org: ORG, roles: ["operator"], status: "active", ...change });
  }

  /** Memory is lost, the record store stays. */
  evict(): void {
    this.#isolate = this.#newIsolate();
  }

  ask(token: string) {
    return authenticate(`Bearer ${token}`, { records: this.lookup, issuerKeys: this.#isolate, now: () => this.now });
  }

  lookup = async (key: string): Promise<unknown> => this.records.get(key) ?? null;

  #newIsolate(): IssuerKeySets {
    return new IssuerKeySets({
      records: async (key) => this.records.get(key) ?? null,
      store: async (key, value) => void this.records.set(key, structuredClone(value)),
      fetch: (url, init) => fetch(url, init),
      now: () => this.now,
      report: (issuer, err) => this.reported.push(`${issuer}: ${String(err)}`),
    });
  }

  /** A token that is good now, but for what is changed. */
  token(
    key: IssuerKey,
    change: { readonly claims?: { readonly [name: string]: unknown }; readonly header?: { readonly [name: string]: unknown } } = {},
  ): Promise<string> {
    return this.signed(key.privateKey, { alg: key.alg, kid: key.kid, ...change.header }, change.claims);
  }

  signed(
    key: CryptoKey | Uint8Array,
    header: { readonly alg: string; readonly [name: string]: unknown },
    change: { readonly [name: string]: unknown } = {},
  ): Promise<string> {
    return new SignJWT(this.claims(change)).setProtectedHeader(header).sign(key);
  }

  claims(change: { readonly [name: string]: unknown }): { [name: string]: unknown } {
    const issuedAt = this.now / SECOND;
    const good = { iss: this.issuer, aud: AUDIENCE, sub: "sub-ana", iat: issuedAt, exp: issuedAt + 300, ...change };
    return Object.fromEntries(Object.entries(good).filter(([, value]) => value !== undefined));
  }
}

const REFUSED = { ok: false, code: "UNAUTHENTICATED" };

describe("an OIDC token", () => {
  let world: World;
  let key: IssuerKey;
  beforeEach(async () => {
    world = new World();
    key = await aKey("k1");
    await world.start(key);
  });
  afterEach(() => world.jwks.stop());

  it("lets its subject's member in, with what the member's roles allow", async () => {
    expect(await world.ask(await world.token(key))).toEqual({
      ok: true,
      principal: {
        id: "ana",
        kind: "oidc",
        org: ORG,
        person: "ana",
        roles: ["operator"],
        scopes: ["session:submit", "session:read", "session:control"],
        credentialId: world.issuer,
      },
    });
  });

  it.each(["RS256", "PS256", "ES256", "EdDSA"])("is taken when it is signed with %s", async (alg) => {
    const other = await aKey(`k-${alg}`, alg);
    world.jwks.serve(other);
    expect(await world.ask(await world.token(other))).toMatchObject({ ok: true });
  });

  it.each(["JWT", "at+jwt", "application/at+jwt"])("may be of the type %s", async (typ) => {
    expect(await world.ask(await world.token(key, { header: { typ } }))).toMatchObject({ ok: true });
  });

  it("may name several audiences", async () => {
    expect(await world.ask(await world.token(key, { claims: { aud: ["other", AUDIENCE] } }))).toMatchObject({ ok: true });
  });

  it.each<[string, { readonly [claim: string]: unknown }]>([
    ["of another audience", { aud: "another" }],
    ["without an audience", { aud: undefined }],
    ["of an issuer that nobody registered", { iss: "https://evil.test/" }],
    ["of an issuer that differs in a slash", { iss: "https://login.acme.test" }],
    ["without an issuer", { iss: undefined }],
    ["whose issuer is no text", { iss: 7 }],
    ["whose issuer is longer than a record's key", { iss: `https://login.acme.test/${"x".repeat(600)}` }],
    ["without a subject", { sub: undefined }],
    ["whose subject is empty", { sub: "" }],
    ["without a time of issue", { iat: undefined }],
    ["without an end", { exp: undefined }],
    ["that has expired", { exp: NOW / SECOND - 61, iat: NOW / SECOND - 600 }],
    ["that is not good yet", { nbf: NOW / SECOND + 61 }],
    ["of the future", { iat: NOW / SECOND + 61, exp: NOW / SECOND + 600 }],
    ["that ended before it was issued", { iat: NOW / SECOND, exp: NOW / SECOND - 30 }],
  ])("%s is refused without a word", async (_what, claims) => {
    const answer = await world.ask(await world.token(key, { claims }));
    expect(answer).toMatchObject(REFUSED);
    expect(answer).toEqual(await authenticate(null, { records: world.lookup, issuerKeys: new IssuerKeySets(anywhere()), now: () => NOW }));
  });

  it.each<[string, { readonly [claim: string]: unknown }]>([
    ["has just expired", { exp: NOW / SECOND - 59, iat: NOW / SECOND - 600 }],
    ["is good in a moment", { nbf: NOW / SECOND + 59 }],
    ["was issued by a clock that is ahead", { iat: NOW / SECOND + 59 }],
  ])("that %s is taken: clocks differ by up to a minute", async (_what, claims) => {
    expect(await world.ask(await world.token(key, { claims }))).toMatchObject({ ok: true });
  });

  it("without a signature is refused, whatever it says", async () => {
    const unsigned = new UnsecuredJWT(world.claims({})).encode();
    expect(await world.ask(unsigned)).toEqual(expect.objectContaining(REFUSED));
    const [, payload] = unsigned.split(".");
    for (const alg of ["none", "None", "NONE"]) {
      const header = Buffer.from(JSON.stringify({ alg, kid: key.kid })).toString("base64url");
      expect(await world.ask(`${header}.${payload}.`)).toEqual(expect.objectContaining(REFUSED));
      expect(await world.ask(`${header}.${payload}.AAAA`)).toEqual(expect.objectContaining(REFUSED));
    }
  });

  it.each(["HS256", "HS384", "HS512"])("signed with %s and the public key as its secret is refused", async (alg) => {
    const rsa = await aKey("k-rsa", "RS256");
    world.jwks.serve(key, rsa);
    for (const secret of [await exportSPKI(rsa.publicKey), JSON.stringify(rsa.jwk), rsa.jwk.n ?? ""]) {
      // Secrets shorter than the hash are refused by the signer.
      const bytes = new TextEncoder().encode(secret.padEnd(64));
      expect(await world.ask(await world.signed(bytes, { alg, kid: rsa.kid }))).toMatchObject(REFUSED);
    }
  });

  it("signed by a secret that its key set publishes is refused", async () => {
    const secret = new TextEncoder().encode("published-by-mistake-published-by-mistake");
    world.jwks.body = JSON.stringify({ keys: [{ kty: "oct", kid: "oct", alg: "HS256", k: Buffer.from(secret).toString("base64url") }] });
    expect(await world.ask(await world.signed(secret, { alg: "HS256", kid: "oct" }))).toMatchObject(REFUSED);
  });

  it("signed by another key under a known key id is refused", async () => {
    const forged = await aKey(key.kid);
    expect(await world.ask(await world.token(forged))).toMatchObject(REFUSED);
  });

  it("that brings its own key along is refused", async () => {
    const own = await aKey("own");
    const header = { jwk: own.jwk, jku: `${world.jwks.url}/own`, kid: "own" };
    expect(await world.ask(await world.token(own, { header }))).toMatchObject(REFUSED);
  });

  it("of another kind than for signing in is refused", async () => {
    expect(await world.ask(await world.token(key, { header: { typ: "logout+jwt" } }))).toMatchObject(REFUSED);
  });

  it("is refused when one character of it differs", async () => {
    const token = await world.token(key);
    for (const at of [0, token.indexOf(".") + 3, token.lastIndexOf(".") + 3]) {
      const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
      expect(await world.ask(changed)).toMatchObject(REFUSED);
    }
  });

  it.each([null, "", "Bearer", "Bearer ", "Basic abc", "Bearer a.b", "Bearer ..", "Bearer a.b.c", "Bearer a b", `Bearer ${"a".repeat(20_000)}.a.a`])(
    "is refused from the header %j",
    async (header) => {
      const deps = { records: world.lookup, issuerKeys: new IssuerKeySets(anywhere()), now: () => NOW };
      expect(await authenticate(header, deps)).toMatchObject(REFUSED);
    },
  );

  it("of somebody who is no member is refused with a word on what to do", async () => {
    const answer = await world.ask(await world.token(key, { claims: { sub: "sub-bob" } }));
    expect(answer).toMatchObject({ ok: false, code: "PERMISSION_DENIED", message: expect.stringContaining("no member of acme") });
  });

  it("of a member who was removed, or whose record is of another organisation, is refused alike", async () => {
    world.addMember("sub-gone", { status: "removed" });
    world.addMember("sub-else", { org: "elsewhere" });
    const answers = [];
    for (const sub of ["sub-bob", "sub-gone", "sub-else"]) answers.push(await world.ask(await world.token(key, { claims: { sub } })));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  it("of a subject longer than a record's key is refused and asks the store nothing that it cannot answer", async () => {
    const sub = "ü".repeat(255);
    expect(await world.ask(await world.token(key, { claims: { sub } }))).toMatchObject({ ok: false, code: "PERMISSION_DENIED" });
  });

  it("is no way in when the issuer's record is under another issuer's name", async () => {
    world.records.set(kvKey.oidcIssuer("https://evil.test/"), world.records.get(kvKey.oidcIssuer(world.issuer)));
    expect(await world.ask(await world.token(key, { claims: { iss: "https://evil.test/" } }))).toMatchObject(REFUSED);
  });
});

describe("an issuer's key set", () => {
  let world: World;
  let first: IssuerKey;
  beforeEach(async () => {
    world = new World();
    first = await aKey("k1");
    await world.start(first);
  });
  afterEach(() => world.jwks.stop());

  it("is fetched once and kept", async () => {
    for (let n = 0; n < 5; n += 1) await world.ask(await world.token(first));
    expect(world.jwks.asked).toBe(1);
  });

  it("is kept for other isolates", async () => {
    await world.ask(await world.token(first));
    world.evict();
    expect(await world.ask(await world.token(first))).toMatchObject({ ok: true });
    expect(world.jwks.asked).toBe(1);
  });

  it("is fetched again for a key that the issuer has begun to sign with", async () => {
    await world.ask(await world.token(first));
    const second = await aKey("k2");
    world.jwks.serve(first, second);
    world.now += JWKS_COOL_DOWN_MS;
    expect(await world.ask(await world.token(second))).toMatchObject({ ok: true });
    expect(await world.ask(await world.token(first))).toMatchObject({ ok: true });
    expect(world.jwks.asked).toBe(2);
  });

  it("is not fetched more often than the cool-down allows, however many key ids nobody has", async () => {
    await world.ask(await world.token(first));
    world.now += JWKS_COOL_DOWN_MS;
    for (let n = 0; n < 20; n += 1) {
      expect(await world.ask(await world.token(first, { header: { kid: `nobody-${n}` } }))).toMatchObject(REFUSED);
    }
    expect(world.jwks.asked).toBe(2);
    expect(await world.ask(await world.token(first))).toMatchObject({ ok: true });
  });

  it("no longer lets a key in that the issuer took away, once the set is old", async () => {
    await world.ask(await world.token(first));
    const second = await aKey("k2");
    world.jwks.serve(second);
    world.now += JWKS_FRESH_MS;
    expect(await world.ask(await world.token(first))).toMatchObject(REFUSED);
    expect(await world.ask(await world.token(second))).toMatchObject({ ok: true });
  });

  it("counts on for a day while the issuer is down, and no longer", async () => {
    await world.ask(await world.token(first));
    world.jwks.status = 503;
    world.evict();
    world.now = NOW + JWKS_MAX_AGE_MS - 1;
    expect(await world.ask(await world.token(first))).toMatchObject({ ok: true });
    expect(world.reported).toEqual([expect.stringContaining("503")]);
    world.now = NOW + JWKS_MAX_AGE_MS + JWKS_COOL_DOWN_MS;
    expect(await world.ask(await world.token(first))).toMatchObject(REFUSED);
    world.jwks.status = 200;
    world.now += JWKS_COOL_DOWN_MS;
    expect(await world.ask(await world.token(first))).toMatchObject({ ok: true });
  });

  it("of an issuer that is down and was never heard of lets nobody in, and asks no more often than the cool-down allows", async () => {
    world.jwks.status = 500;
    for (let n = 0; n < 5; n += 1) expect(await world.ask(await world.token(first))).toMatchObject(REFUSED);
    expect(world.jwks.asked).toBe(1);
  });

  it.each<[string, (server: JwksServer) => void]>([
    ["is larger than the limit", (server) => (server.body = JSON.stringify({ keys: [], padding: "x".repeat(JWKS_MAX_BYTES) }))],
    ["is no JSON", (server) => (server.body = "<html>")],
    ["is no key set", (server) => (server.body = JSON.stringify([]))],
    ["has a key that is none", (server) => (server.body = JSON.stringify({ keys: ["k"] }))],
    ["is somewhere else", (server) => ((server.status = 302), (server.headers = { location: `${server.url}/elsewhere` }))],
    ["is empty", (server) => (server.body = "")],
  ])("that %s is refused, and the last good one counts on", async (_what, spoil) => {
    await world.ask(await world.token(first));
    spoil(world.jwks);
    world.now += JWKS_FRESH_MS;
    expect(await world.ask(await world.token(first))).toMatchObject({ ok: true });
    expect(world.reported).toHaveLength(1);
    expect(world.jwks.asked).toBe(2);
  });

  it("at another address is another set: nothing of the old one counts", async () => {
    await world.ask(await world.token(first));
    const record = { issuer: world.issuer, audience: AUDIENCE, org: ORG, jwksUri: `${world.jwks.url}/moved` };
    world.records.set(kvKey.oidcIssuer(world.issuer), record);
    const second = await aKey("k2");
    world.jwks.serve(second);
    expect(await world.ask(await world.token(first))).toMatchObject(REFUSED);
    expect(await world.ask(await world.token(second))).toMatchObject({ ok: true });
  });

  it("lets callers in although the store does not keep it", async () => {
    const keys = new IssuerKeySets({
      ...anywhere(),
      store: () => Promise.reject(new Error("KV is down")),
      report: (issuer, err) => world.reported.push(`${issuer}: ${String(err)}`),
    });
    const deps = { records: world.lookup, issuerKeys: keys, now: () => NOW };
    expect(await authenticate(`Bearer ${await world.token(first)}`, deps)).toMatchObject({ ok: true });
    expect(world.reported).toEqual([expect.stringContaining("KV is down")]);
  });

  it.each(["http://login.acme.test/keys", "ftp://login.acme.test/keys", "https://user:pass@login.acme.test/keys", "file:///etc/passwd", "not a url"])(
    "is never asked for at %s",
    async (jwksUri) => {
      expect(isJwksUri(jwksUri)).toBe(false);
      world.records.set(kvKey.oidcIssuer(world.issuer), { issuer: world.issuer, audience: AUDIENCE, org: ORG, jwksUri });
      expect(await world.ask(await world.token(first))).toMatchObject(REFUSED);
      expect(world.jwks.asked).toBe(0);
    },
  );
});

/** Surroundings of an isolate that has seen nothing. */
function anywhere(): ConstructorParameters<typeof IssuerKeySets>[0] {
  return {
    records: async () => null,
    store: async () => undefined,
    fetch: (url, init) => fetch(url, init),
    now: () => NOW,
    report: (_issuer, err) => {
      throw err;
    },
  };
}
