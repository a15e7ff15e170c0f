/**
 * `GET /subscriptions`, or an upgrade of `/graphql`: a WebSocket on its way to a shard of client sockets. Authenticated like every call;
 * a browser, which cannot set a header on an upgrade, offers its key as the subprotocol `factory-key.<base64url of the key>` beside the
 * one it wants to speak. A key in the URL is never read: URLs are written down.
 *
 * A client of `graphql-transport-ws` may instead prove who it is in its first message. A socket stays on the shard that accepts it, and
 * a shard is of one org, so such a client names its org in the URL (`?org=acme`), which is no secret and opens nothing: the shard takes
 * a credential of that org only. A socket for an org that is not known goes to the shards of nobody, where no credential is good, so
 * that nobody learns which orgs there are; addressing a shard of its own would make it.
 *
 * What a socket then asks for is looked up within the org of its principal, whose name is part of every object's: another org's
 * session does not exist for it.
 */
import type { AuthenticatedPrincipal } from "@factory/governance";
import { kvKey, ORG_PATTERN, refuse, type Refusal, type Result } from "@factory/schemas";
import { CONNECTION_HEADER, encodeConnection, GRAPHQL_TRANSPORT_WS_SUBPROTOCOL, SUBSCRIPTION_SUBPROTOCOLS } from "@factory/schemas/rpc";
import { addressOf, countRefusal } from "./admission.ts";
import type { Call } from "./call.ts";
import type { GatewayDeps } from "./deps.ts";
import { admitReader } from "./reader-request.ts";
import { refusalResponse } from "./refusal-response.ts";

/** Path of the route. */
export const SUBSCRIPTIONS_PATH = "/subscriptions";

const SUBPROTOCOL_HEADER = "sec-websocket-protocol";
const KEY_SUBPROTOCOL = "factory-key.";
const UPGRADE_REQUIRED = 426;

/** Authenticates an upgrade and hands it to the graphql Worker. */
export async function openSubscription(deps: GatewayDeps, call: Call, request: Request): Promise<Response> {
  const spoken = SUBSCRIPTION_SUBPROTOCOLS.join(", ");
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return refused(call, refuse("INVALID_ARGUMENT", `This route takes WebSocket upgrades only; offer the subprotocol ${spoken}.`), UPGRADE_REQUIRED);
  }
  const admitted = await admitOpener(deps, call, request);
  if (!admitted.ok) return refused(call, admitted);
  const { opener } = admitted;
  const wanted = offered(request.headers).filter((name) => (SUBSCRIPTION_SUBPROTOCOLS as readonly string[]).includes(name));
  if (wanted.length === 0) return refused(call, refuse("INVALID_ARGUMENT", `Offer the subprotocol ${spoken}.`));
  const answer = await deps.subscriptions.fetch(upgradeFor(deps, opener, "id" in opener ? wanted : [GRAPHQL_TRANSPORT_WS_SUBPROTOCOL]));
  const { webSocket } = answer;
  if (answer.status !== 101 || !webSocket) {
    call.end(answer.status < 500 ? "refused" : "failed", { status: answer.status });
    return new Response(answer.body, answer);
  }
  call.end("ok");
  return new Response(null, { status: 101, webSocket, headers: { [SUBPROTOCOL_HEADER]: answer.headers.get(SUBPROTOCOL_HEADER) ?? "" } });
}

/** Who opens a socket, or the org of somebody who will say it in the first message. */
type Opener = AuthenticatedPrincipal | { readonly org: string };

/** The caller behind the credential, with the scope to read; without a credential the org that the socket is for. */
async function admitOpener(deps: GatewayDeps, call: Call, request: Request): Promise<Result<{ opener: Opener }>> {
  const credential = request.headers.get("authorization") ?? keyAmong(offered(request.headers));
  if (credential === null) return admitUnproved(deps, request);
  const admitted = await admitReader(deps, call, request, credential);
  return admitted.ok ? { ok: true, opener: admitted.principal } : admitted;
}

async function admitUnproved(deps: GatewayDeps, { headers, url }: Request): Promise<Result<{ opener: Opener }>> {
  const crowded = await countRefusal(deps, addressOf(headers));
  if (crowded !== null) return crowded;
  const org = new URL(url).searchParams.get("org");
  if (org === null || !ORG_PATTERN.test(org) || !offered(headers).includes(GRAPHQL_TRANSPORT_WS_SUBPROTOCOL)) return refuse("UNAUTHENTICATED");
  return { ok: true, opener: { org: (await deps.records(kvKey.org(org))) === null ? NOBODY : org } };
}

/** Whose shards take the sockets of orgs that are not known: no org has a name of this form, and so no credential is of it. */
const NOBODY = "_";

const offered = (headers: Headers): string[] => (headers.get(SUBPROTOCOL_HEADER) ?? "").split(",").map((name) => name.trim());

/** The header's value for a key that came as a subprotocol; null without one. */
function keyAmong(subprotocols: readonly string[]): string | null {
  const encoded = subprotocols.find((name) => name.startsWith(KEY_SUBPROTOCOL))?.slice(KEY_SUBPROTOCOL.length);
  return encoded === undefined ? null : `Bearer ${Buffer.from(encoded, "base64url").toString("utf8")}`;
}

/** Built from nothing, so that no header of the caller's reaches the shard; the connection's id is never the caller's choice. */
function upgradeFor(deps: GatewayDeps, opener: Opener, subprotocols: readonly string[]): Request {
  const [principalId, scopes] = "id" in opener ? [opener.id, [...opener.scopes]] : [null, []];
  const connection = encodeConnection({ org: opener.org, principalId, scopes, connectionId: deps.newRequestId() });
  return new Request(`https://graphql${SUBSCRIPTIONS_PATH}`, {
    headers: { upgrade: "websocket", [SUBPROTOCOL_HEADER]: subprotocols.join(", "), [CONNECTION_HEADER]: connection },
  });
}

/** The fields of a protocol's error, since a socket's client reads those anyway. */
function refused(call: Call, refusal: Refusal, status?: number): Response {
  call.end("refused", { code: refusal.code, message: refusal.message });
  return refusalResponse(refusal, status);
}
