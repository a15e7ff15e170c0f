/** Whose data a call reaches comes from the credential and from nothing that the caller says. */
import type { DescMessage, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { newApiKey } from "@factory/governance";
import { FactoryAdmin, FactoryDelivery, FactoryGateway, FactoryProducer } from "@factory/schemas/proto";
import { env, createExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { createApp } from "./app.ts";
import type { GatewayDeps } from "./deps.ts";
import { SUBSCRIPTIONS_PATH } from "./subscriptions.ts";
import { gatewayDepsOf } from "./testing/deps.ts";
import { CONNECTION_HEADER, GRAPHQL_PATH, GRAPHQL_STREAM_PATH, GRAPHQL_TRANSPORT_WS_SUBPROTOCOL, parseConnection } from "@factory/schemas/rpc";

const SERVICES = [FactoryGateway, FactoryDelivery, FactoryAdmin, FactoryProducer];
const METHODS = SERVICES.flatMap(({ methods }) => methods);
const own = newApiKey("acme", "ana", ["session:submit", "session:read", "session:control", "review:decide", "admin"], Date.now());
/** The one method whose message names an organisation: the one it makes. */
const MAKES_ORG = "CreateOrg";

/** Dependencies that note every organisation they are asked of, and answer nothing. */
function notingDeps(): { readonly deps: GatewayDeps; readonly orgs: string[] } {
  const orgs: string[] = [];
  const silent = (): Promise<never> => Promise.reject(new Error("answers nothing"));
  // Stands for an object of any interface: whatever it is asked, it does not answer.
  const object = new Proxy({}, { get: () => silent }) as never;
  const of = (org: string): never => (orgs.push(org), object);
  const asked = (org: string): Promise<never> => (orgs.push(org), silent());
  const nothing = gatewayDepsOf();
  const deps = gatewayDepsOf({
    records: async (key) => (key === own.storageKey ? own.record : null),
    rootOrg: "acme",
    session: of,
    sessionLog: of,
    artifactGraph: of,
    beadGraph: of,
    sessionHealth: of,
    directory: of,
    signalDesk: of,
    projections: { pokeProjection: asked, projectionHealth: asked },
    registry: { assemblies: asked, hasAssembly: asked, openSessions: silent },
    readModel: { reproject: asked, lag: asked, lagOf: asked, operations: asked, usedObjects: asked },
    // Every method of it names the organisation first.
    governance: new Proxy(nothing.governance, { get: () => asked }),
    objectHealth: (_kind, name) => of(decodeURIComponent(name.split(":")[1] ?? "")),
  });
  return { deps, orgs };
}

/** A message with another organisation's name in every field that can hold one, and an id that looks like a session's where one is asked for. */
function filled(message: DescMessage): JsonObject {
  const json: { [name: string]: JsonValue } = {};
  const chosen = new Set<string>();
  for (const field of message.fields) {
    // Of several forms the first.
    if (field.oneof !== undefined && field.oneof.fields.length > 1 && chosen.has(field.oneof.name)) continue;
    if (field.oneof !== undefined) chosen.add(field.oneof.name);
    if (field.fieldKind === "scalar") json[field.jsonName] = scalarFor(field.name, field.scalar);
    else if (field.fieldKind === "message" && field.message.typeName.startsWith("factory.")) json[field.jsonName] = filled(field.message);
    else if (field.fieldKind === "list" && field.listKind === "scalar") json[field.jsonName] = [LISTS[field.name] ?? "other"];
  }
  return json;
}

/** What a field takes so that its handler goes on. */
const TEXTS: { readonly [name: string]: string } = {
  session_id: "SES-0123456789ABCDEFGHJKMNPQRS",
  decision: "approved",
  artifact_id: "PRS-0123456789abcdef",
  subject_id: "agent:coder",
  role: "coder",
  producer: "other",
  issuer: "https://other.test/",
  url: "https://other.test/",
  jwks_uri: "https://other.test/keys",
  scope: "org",
  autonomy: "SUGGEST",
  machine: "",
  rationale: "Because the other organisation asks for it.",
  secret: Buffer.alloc(32, 1).toString("base64"),
};
const LISTS: { readonly [name: string]: string } = { roles: "viewer", streams: "beadUpdates", uses: "submission", scopes: "session:read", grants: "read_file" };
const NUMBERS: { readonly [name: string]: number } = { ttl_seconds: 60, score: 0.5 };

function scalarFor(name: string, scalar: number): JsonValue {
  const BOOL = 8;
  const STRING = 9;
  const BYTES = 12;
  if (scalar === STRING) return name.endsWith("_at") ? "" : (TEXTS[name] ?? "other");
  if (scalar === BOOL) return false;
  return scalar === BYTES ? "" : (NUMBERS[name] ?? 0);
}

describe("the organisation of a call", () => {
  it("is in no message but that of the method that makes one", () => {
    const naming = METHODS.filter(({ input }) => input.fields.some(({ name }) => /^(org|org_id|organisation|tenant|namespace)$/.test(name)));
    expect(naming.map(({ name }) => name)).toEqual([MAKES_ORG]);
  });

  it.each(METHODS.filter(({ name }) => name !== MAKES_ORG).map((method) => [method.name, method] as const))(
    "is that of the credential in %s",
    async (_name, method) => {
      const { deps, orgs } = notingDeps();
      const streams = method.methodKind !== "unary";
      const body = new TextEncoder().encode(JSON.stringify(filled(method.input)));
      const framed = new Uint8Array(5 + body.length);
      new DataView(framed.buffer).setUint32(1, body.length);
      framed.set(body, 5);
      const request = new Request(`https://factory.test/${method.parent.typeName}/${method.name}?org=other`, {
        method: "POST",
        headers: {
          "content-type": streams ? "application/connect+json" : "application/json",
          authorization: `Bearer ${own.apiKey}`,
          "x-org": "other",
          "x-factory-org": "other",
          [CONNECTION_HEADER]: "other",
        },
        body: streams ? framed : body,
      });
      await (await createApp(deps).fetch(request, env, createExecutionContext())).text();
      expect(orgs.filter((org) => org !== "acme")).toEqual([]);
      if (!ASK_NOBODY.has(method.name)) expect(orgs).toContain("acme");
    },
  );

  it.each([GRAPHQL_PATH, GRAPHQL_STREAM_PATH, SUBSCRIPTIONS_PATH])("is that of the credential at %s", async (path) => {
    const told: (string | undefined)[] = [];
    const fetch = async (request: Request): Promise<Response> => {
      told.push(parseConnection(request.headers.get(CONNECTION_HEADER))?.org);
      return Response.json({});
    };
    const { deps } = notingDeps();
    const app = createApp({ ...deps, subscriptions: { fetch } });
    const forged = Buffer.from(JSON.stringify({ org: "other", principalId: "x", scopes: [], connectionId: "x" })).toString("base64url");
    const headers = { authorization: `Bearer ${own.apiKey}`, "x-org": "other", [CONNECTION_HEADER]: forged };
    const upgrade = { upgrade: "websocket", "sec-websocket-protocol": GRAPHQL_TRANSPORT_WS_SUBPROTOCOL };
    const init = path === SUBSCRIPTIONS_PATH ? { headers: { ...headers, ...upgrade } } : { method: "POST", headers, body: `{"query":"{ x }","org":"other"}` };
    await app.fetch(new Request(`https://factory.test${path}?org=other`, init), env, createExecutionContext());
    expect(told).toEqual(["acme"]);
  });
});

/** Methods that end before they ask anybody: with this filling, or because they tell of the credential alone. */
const ASK_NOBODY: ReadonlySet<string> = new Set(["SubmitSession", "AppendEvents", "WhoAmI"]);
