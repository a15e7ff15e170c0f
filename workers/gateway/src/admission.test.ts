import { createLog, type CanonicalEvent } from "@factory/durable";
import { IssuerKeySets, newApiKey, type Scope } from "@factory/governance";
import { FactoryError, kvKey } from "@factory/schemas";
import { FactoryAdmin, FactoryDelivery, FactoryGateway, FactoryProducer } from "@factory/schemas/proto";
import { GRAPHQL_PATH, GRAPHQL_STREAM_PATH, GRAPHQL_TRANSPORT_WS_SUBPROTOCOL, POLICY_ACTIONS, type PolicyRequest } from "@factory/schemas/rpc";
import { env, createExecutionContext } from "cloudflare:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { createApp } from "./app.ts";
import type { GatewayDeps } from "./deps.ts";
import { KeyUses } from "./key-uses.ts";
import { NEEDS, procedureOf } from "./needs.ts";
import { aDecision, gatewayDepsOf, notAsked, policyFrom, policyOf } from "./testing/deps.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");
const owner = newApiKey("acme", "ana", ["session:submit", "session:read", "session:control", "review:decide", "admin"], NOW);
const nobody = newApiKey("acme", "bob", [], NOW);
const ISSUER = "https://login.acme.test/";

type Way = { readonly path: string; readonly init: (credential: { [name: string]: string }) => RequestInit };

const json = (credential: { [name: string]: string }, body = "{}"): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...credential },
  body,
});
const upgrade = (credential: { [name: string]: string }): RequestInit => ({
  headers: { upgrade: "websocket", "sec-websocket-protocol": GRAPHQL_TRANSPORT_WS_SUBPROTOCOL, ...credential },
});
/** A way in of each kind. */
const WAYS: { readonly [name: string]: Way } = {
  "a unary method": { path: "/factory.v1.FactoryAdmin/GetOrg", init: json },
  "a method that changes something": { path: "/factory.v1.FactoryAdmin/PutMember", init: json },
  "a query of GraphQL": { path: GRAPHQL_PATH, init: (credential) => json(credential, `{"query":"{ viewer { org } }"}`) },
  "a stream of GraphQL": { path: GRAPHQL_STREAM_PATH, init: (credential) => json(credential, `{"query":"subscription { x }"}`) },
  "an upgrade of /graphql": { path: GRAPHQL_PATH, init: upgrade },
  "an upgrade of /subscriptions": { path: "/subscriptions", init: upgrade },
};

/** A gateway that has nothing behind it but admission. */
function aGateway(change: Partial<GatewayDeps> = {}) {
  const events: CanonicalEvent[] = [];
  const deps = gatewayDepsOf({
    now: () => NOW,
    records: async (name) => [owner, nobody].find(({ storageKey }) => storageKey === name)?.record ?? null,
    log: createLog((line) => events.push(JSON.parse(line) as CanonicalEvent)),
    ...change,
  });
  const app = createApp(deps);
  const send = async (path: string, init: RequestInit): Promise<Response> =>
    app.fetch(new Request(`https://factory.test${path}`, init), env, createExecutionContext());
  return { events, send };
}

const bearer = (credential: string): { authorization: string } => ({ authorization: `Bearer ${credential}` });
/** The code of the registry in an answer, whatever the protocol. */
async function codeOf(response: Response): Promise<string> {
  const body = await response.json<{ code?: string; details?: { debug: { code: string } }[]; errors?: { extensions: { code: string } }[] }>();
  return body.details?.[0]?.debug.code ?? body.errors?.[0]?.extensions.code ?? body.code ?? "none";
}

describe.each(Object.entries(WAYS))("%s", (_name, { path, init }) => {
  it("is refused without a credential, and before anybody is asked", async () => {
    const { send, events } = aGateway({ admitPrincipalCall: notAsked, policy: policyOf(notAsked) });
    const response = await send(path, init({}));
    expect([response.status, await codeOf(response)]).toEqual([401, "UNAUTHENTICATED"]);
    expect(events).toMatchObject([{ outcome: "refused", fields: { code: "UNAUTHENTICATED" } }]);
  });

  it("is told to come again where its key cannot be read, and is not counted with those who guess", async () => {
    const records = async (): Promise<never> => {
      throw new FactoryError("UNAVAILABLE", "The key records did not answer.");
    };
    const { send } = aGateway({ records, admitAddressCall: notAsked, admitPrincipalCall: notAsked, policy: policyOf(notAsked) });
    const response = await send(path, init(bearer(owner.apiKey)));
    expect([response.status, await codeOf(response)]).toEqual([503, "UNAVAILABLE"]);
  });

  it("is refused without the scope, before calls are counted", async () => {
    const { send } = aGateway({ admitPrincipalCall: notAsked, policy: policyOf(notAsked) });
    const response = await send(path, init(bearer(nobody.apiKey)));
    expect([response.status, await codeOf(response)]).toEqual([403, "PERMISSION_DENIED"]);
  });

  it("is refused after too many calls, before policy is asked, and told when to come again", async () => {
    const counted: string[] = [];
    const admitPrincipalCall = async (key: string): Promise<boolean> => (counted.push(key), false);
    const { send, events } = aGateway({ admitPrincipalCall, policy: policyOf(notAsked) });
    const response = await send(path, init(bearer(owner.apiKey)));
    expect([response.status, response.headers.get("retry-after"), await codeOf(response)]).toEqual([429, "60", "RATE_LIMITED"]);
    expect(counted).toEqual(["acme:ana"]);
    expect(events).toMatchObject([{ outcome: "refused", ids: { org: "acme", principalId: "ana" } }]);
  });

  it("is refused by policy with its reason, before the body is read, and the log says which policy", async () => {
    const denial = aDecision({ allowed: false, policies: ["nobody-on-sundays"], reason: "Not on Sundays (nobody-on-sundays)." });
    const { send, events } = aGateway({ policy: policyOf(() => denial) });
    const response = await send(path, init(bearer(owner.apiKey)));
    const text = await response.clone().text();
    expect([response.status, await codeOf(response)]).toEqual([403, "POLICY_DENIED"]);
    expect(text).toContain("Not on Sundays");
    expect(events).toMatchObject([{ outcome: "refused", fields: { code: "POLICY_DENIED", policies: ["nobody-on-sundays"], decisionId: denial.decisionId } }]);
  });

  it.each([
    ["fails", policyFrom(() => Promise.reject(new Error("no such Worker")))],
    ["is late", policyFrom(() => new Promise(() => undefined), 20)],
    ["answers another question", policyFrom(async () => [])],
  ])("is closed when policy %s, and what went wrong is in the log only", async (_what, policy) => {
    const { send, events } = aGateway({ policy });
    const response = await send(path, init(bearer(owner.apiKey)));
    expect(response.status).toBe(503);
    const text = await response.text();
    expect(text).toContain("UNAVAILABLE");
    expect(text).not.toMatch(/no such Worker|no answer within|answers to/);
    expect(events).toMatchObject([{ fields: { policy: expect.stringMatching(/no such Worker|no answer within 20 ms|0 answers to 1/) } }]);
  });
});

describe("who proves nothing", () => {
  it("is told so until there were too many such calls from the address, and then to wait", async () => {
    let left = 2;
    const counted: string[] = [];
    const { send } = aGateway({ admitAddressCall: async (address) => (counted.push(address), (left -= 1) >= 0) });
    const codes = [];
    for (const { path, init } of Object.values(WAYS).slice(0, 3)) {
      const response = await send(path, init({ ...bearer(`fk_acme_${"A".repeat(43)}`), "cf-connecting-ip": "192.0.2.7" }));
      codes.push([await codeOf(response), response.headers.get("retry-after")]);
    }
    expect(codes).toEqual([
      ["UNAUTHENTICATED", null],
      ["UNAUTHENTICATED", null],
      ["RATE_LIMITED", "60"],
    ]);
    expect(counted).toEqual(["192.0.2.7", "192.0.2.7", "192.0.2.7"]);
  });

  it("is not counted when the credential is good", async () => {
    const { send } = aGateway({ admitAddressCall: notAsked, subscriptions: { fetch: async () => Response.json({}) } });
    expect((await send(GRAPHQL_PATH, json(bearer(owner.apiKey), `{"query":"{ x }"}`))).status).toBe(200);
  });

  it("is counted for a producer's method too", async () => {
    const producerTokenKey = Buffer.alloc(32, "k").toString("base64");
    const { send } = aGateway({ producerTokenKey, admitAddressCall: async () => false });
    expect(await codeOf(await send("/factory.v1.FactoryProducer/AppendEvents", json(bearer(owner.apiKey))))).toBe("RATE_LIMITED");
  });
});

describe("policy", () => {
  it("is asked who calls, with what roles and scopes, for what", async () => {
    const asked: PolicyRequest[] = [];
    const policy = policyOf((request) => (asked.push(request), aDecision({ allowed: false })));
    const { send } = aGateway({ policy });
    for (const { path, init } of Object.values(WAYS)) await send(path, init(bearer(owner.apiKey)));
    const principal = { id: "ana", kind: "api-key", org: "acme", person: "ana", roles: [], scopes: [...owner.record.scopes] };
    const resource = { type: "Org", org: "acme", id: "acme" };
    expect(asked).toEqual([
      { principal, action: "ReadSession", resource, context: { operation: "factory.v1.FactoryAdmin/GetOrg" } },
      { principal, action: "ManageOrg", resource, context: { operation: "factory.v1.FactoryAdmin/PutMember" } },
      { principal, action: "ReadSession", resource, context: { operation: "graphql" } },
      { principal, action: "ReadSession", resource, context: { operation: "graphql/stream" } },
      { principal, action: "ReadSession", resource, context: { operation: "graphql" } },
      { principal, action: "ReadSession", resource, context: { operation: "subscriptions" } },
    ]);
  });

  it("is asked once for the same read within a few seconds, and again afterwards", async () => {
    let now = NOW;
    let asked = 0;
    const policy = policyOf(
      () => ((asked += 1), aDecision()),
      () => now,
    );
    const { send } = aGateway({ policy, now: () => now, subscriptions: { fetch: async () => Response.json({}) } });
    const read = (): Promise<Response> => send(GRAPHQL_PATH, json(bearer(owner.apiKey), `{"query":"{ x }"}`));
    for (let n = 0; n < 10; n += 1) expect((await read()).status).toBe(200);
    expect(asked).toBe(1);
    now += 5_000;
    await read();
    expect(asked).toBe(2);
  });

  it("is asked anew for every change, and after every denial", async () => {
    let asked = 0;
    const { send } = aGateway({ policy: policyOf(() => ((asked += 1), aDecision({ allowed: false }))) });
    for (let n = 0; n < 3; n += 1) await send(GRAPHQL_PATH, json(bearer(owner.apiKey), `{"query":"{ x }"}`));
    for (let n = 0; n < 3; n += 1) await send("/factory.v1.FactoryAdmin/PutMember", json(bearer(owner.apiKey)));
    expect(asked).toBe(6);
  });

  it("is asked of every method but those that are a producer's, and WhoAmI, which tells callers of themselves", () => {
    const all = [FactoryGateway, FactoryDelivery, FactoryAdmin, FactoryProducer].flatMap(({ methods }) => methods.map(procedureOf));
    const free = all.filter((procedure) => (NEEDS[procedure]?.action ?? null) === null);
    expect(free).toEqual(["factory.v1.FactoryAdmin/WhoAmI", "factory.v1.FactoryProducer/AppendEvents"]);
    expect(Object.keys(NEEDS).toSorted()).toEqual(all.filter((procedure) => procedure !== "factory.v1.FactoryProducer/AppendEvents").toSorted());
    for (const { action, scope, inHandler } of Object.values(NEEDS)) {
      if (action !== null) expect(POLICY_ACTIONS).toContain(action);
      if (action === "ManageOrg" || action === "Administer" || action === "CreateOrg") expect(scope).toBe("admin");
      if (inHandler === true) expect(["SubmitSession", "DecideReview"]).toContain(action);
    }
  });
});

describe("a token of an organisation's issuer", () => {
  /** A gateway whose organisation has an issuer with one member, and a token of that one. */
  async function anOidcGateway(member: object = { memberId: "ana", org: "acme", roles: ["viewer"], status: "active" }) {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" }] };
    const stored: { readonly [key: string]: unknown } = {
      [kvKey.oidcIssuer(ISSUER)]: { issuer: ISSUER, audience: "factory", jwksUri: "https://login.acme.test/keys", org: "acme" },
      [kvKey.memberBySubject("acme", "sub-ana")]: member,
    };
    const records = async (key: string): Promise<unknown> => stored[key] ?? null;
    const issuerKeys = new IssuerKeySets({ records, store: async () => undefined, fetch: async () => Response.json(jwks), now: () => NOW, report: notAsked });
    const token = await new SignJWT({ iss: ISSUER, aud: "factory", sub: "sub-ana", iat: NOW / 1_000, exp: NOW / 1_000 + 60 })
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .sign(privateKey);
    const opened: Request[] = [];
    const fetch = async (request: Request): Promise<Response> => (opened.push(request), Response.json({}));
    return { ...aGateway({ records, issuerKeys, subscriptions: { fetch } }), token, opened };
  }

  it("opens every way in that the member's roles allow, and no other", async () => {
    const { send, token, events } = await anOidcGateway();
    for (const path of [GRAPHQL_PATH, GRAPHQL_STREAM_PATH]) expect((await send(path, json(bearer(token), `{"query":"{ x }"}`))).status).toBe(200);
    // The graphql Worker's double answers an upgrade with 200, which goes through.
    expect((await send("/subscriptions", upgrade(bearer(token)))).status).toBe(200);
    const who = await send("/factory.v1.FactoryAdmin/WhoAmI", json(bearer(token)));
    expect(await who.json()).toEqual({ org: "acme", principalId: "ana", person: "ana", kind: "oidc", roles: ["viewer"], scopes: ["session:read"] });
    expect(await codeOf(await send("/factory.v1.FactoryAdmin/PutMember", json(bearer(token))))).toBe("PERMISSION_DENIED");
    expect(events.every(({ ids }) => ids["org"] === "acme" && ids["principalId"] === "ana")).toBe(true);
    expect(JSON.stringify(events)).not.toContain(token);
  });

  it("travels as a subprotocol, too, where a browser can set no header", async () => {
    const { send, token, opened } = await anOidcGateway();
    const subprotocol = `${GRAPHQL_TRANSPORT_WS_SUBPROTOCOL}, factory-key.${Buffer.from(token).toString("base64url")}`;
    await send("/subscriptions", { headers: { upgrade: "websocket", "sec-websocket-protocol": subprotocol } });
    expect(opened.map(({ headers }) => headers.get("sec-websocket-protocol"))).toEqual([GRAPHQL_TRANSPORT_WS_SUBPROTOCOL]);
  });

  it("of nobody's is PERMISSION_DENIED with a word on what to do, on every way in", async () => {
    const { send, token } = await anOidcGateway({ memberId: "ana", org: "acme", roles: ["viewer"], status: "removed" });
    for (const { path, init } of Object.values(WAYS)) {
      const response = await send(path, init(bearer(token)));
      expect([response.status, await response.text()]).toEqual([403, expect.stringContaining("no member of acme")]);
    }
  });

  it("no longer proves anything when it was changed", async () => {
    const { send, token } = await anOidcGateway();
    expect(await codeOf(await send(GRAPHQL_PATH, json(bearer(`${token.slice(0, -2)}AA`), `{"query":"{ x }"}`)))).toBe("UNAUTHENTICATED");
  });
});

describe("WhoAmI", () => {
  it("tells who the caller is to a credential without any scope, and to nobody else", async () => {
    const { send } = aGateway({ policy: policyOf(notAsked) });
    const answer = await send("/factory.v1.FactoryAdmin/WhoAmI", json(bearer(nobody.apiKey)));
    expect(await answer.json()).toEqual({ org: "acme", principalId: "bob", person: "bob", kind: "api-key" });
    expect((await send("/factory.v1.FactoryAdmin/WhoAmI", json({}))).status).toBe(401);
  });
});

describe("uses of a key", () => {
  it("are noted once a minute and key, by its digest, and what goes wrong with it stops nobody", async () => {
    let now = NOW;
    const noted: { readonly org: string; readonly uses: readonly { readonly digest: string; readonly at: number }[] }[] = [];
    const background: Promise<void>[] = [];
    const keyUses = new KeyUses({
      directory: (org) => ({ used: async (uses) => void noted.push({ org, uses }) }),
      background: (_label, work) => void background.push(work()),
    });
    const { send } = aGateway({ keyUses, now: () => now });
    const call = (key: { readonly apiKey: string }): Promise<Response> => send("/factory.v1.FactoryAdmin/WhoAmI", json(bearer(key.apiKey)));
    for (let n = 0; n < 5; n += 1) await call(owner);
    await call(nobody);
    now += 59_999;
    await call(owner);
    now += 1;
    await call(owner);
    await Promise.all(background);
    const digest = (key: { readonly storageKey: string }): string => key.storageKey.slice("api-key/".length);
    expect(noted).toEqual([
      { org: "acme", uses: [{ digest: digest(owner), at: NOW }] },
      { org: "acme", uses: [{ digest: digest(nobody), at: NOW }] },
      { org: "acme", uses: [{ digest: digest(owner), at: NOW + 60_000 }] },
    ]);
  });

  it("are not noted of a key that does not work", async () => {
    const keyUses = new KeyUses({ directory: notAsked, background: notAsked });
    const { send } = aGateway({ keyUses });
    expect((await send("/factory.v1.FactoryAdmin/WhoAmI", json(bearer(`fk_acme_${"A".repeat(43)}`)))).status).toBe(401);
  });
});

describe("a scope", () => {
  it.each<[string, Scope]>([
    ["factory.v1.FactoryGateway/SubmitSession", "session:submit"],
    ["factory.v1.FactoryGateway/AcknowledgeReview", "review:decide"],
    ["factory.v1.FactoryGateway/CancelSession", "session:control"],
    ["factory.v1.FactoryAdmin/IssueKey", "admin"],
    ["factory.v1.FactoryAdmin/CreateOrg", "admin"],
  ])("opens %s: %s", (procedure, scope) => {
    expect(NEEDS[procedure]?.scope).toBe(scope);
  });
});
