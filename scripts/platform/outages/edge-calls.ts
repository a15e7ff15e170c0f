/** Calls at the platform's edge, each told by the code of its refusal. */
import { request as httpRequest } from "node:http";
import { ConnectError } from "@connectrpc/connect";
import type { FactoryClient, SessionView } from "@factory/cli";
import { issueDispositionToken, readSigningJwk, signMessage } from "@factory/governance";
import { outboundSignal } from "@factory/schemas";
import { ErrorDetailSchema, type SubmitSessionRequest } from "@factory/schemas/proto";
import { GRAPHQL_PATH, GRAPHQL_STREAM_PATH } from "@factory/schemas/rpc";
import { z } from "zod";
import { ensureDevKey } from "../../lib/dev-key.ts";
import type { TestPlatform } from "../../testing/test-platform.ts";

/** Longest wait for an answer, in milliseconds. */
const ANSWER_WITHIN_MS = 20_000;

const refusal = z.union([
  z.object({ code: z.string() }).transform(({ code }) => code),
  z.object({ errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })).min(1) }).transform(({ errors }) => errors[0]?.extensions.code ?? ""),
]);

/** `OK`, or the code of the registry that a Connect call was refused with. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "OK";
  } catch (err) {
    const [detail] = ConnectError.from(err).findDetails(ErrorDetailSchema);
    if (detail === undefined) throw err;
    return detail.code;
  }
}

/** The same of a call over plain HTTP. A refusal of GraphQL is one, whatever its status. */
async function httpCodeOf({ url, credentials }: TestPlatform, path: string, body: unknown, credential = credentials.apiKey): Promise<string> {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${credential}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  if (response.headers.get("content-type")?.includes("event-stream") === true) {
    await response.body?.cancel();
    return "OK";
  }
  const said = refusal.safeParse(await response.json());
  return said.success ? said.data : "OK";
}

/** The same of a socket of the read side. */
function socketCodeOf({ url, credentials }: TestPlatform): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${url}${GRAPHQL_PATH}`, {
      headers: {
        authorization: `Bearer ${credentials.apiKey}`,
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": Buffer.alloc(16, 7).toString("base64"),
        "sec-websocket-protocol": "graphql-transport-ws",
      },
      timeout: ANSWER_WITHIN_MS,
    });
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      resolve("OK");
    });
    request.on("response", (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
      response.on("end", () => {
        const said = refusal.safeParse(JSON.parse(text));
        if (said.success) resolve(said.data);
        else reject(new Error(`${response.statusCode} ${text}`));
      });
    });
    request.on("error", reject);
    request.end();
  });
}

/** Takes the first message of a stream. */
async function first(stream: (call: { readonly signal: AbortSignal }) => AsyncIterable<unknown>): Promise<void> {
  const enough = new AbortController();
  try {
    for await (const _message of stream({ signal: enough.signal })) return;
  } finally {
    enough.abort();
  }
}

/** What the calls are about: a session that has ended, one that asks, and an order that nobody has sent yet. */
export type Subjects = { readonly ended: SessionView; readonly asking: SessionView; readonly order: SubmitSessionRequest };

/** One call by name; it answers its code. */
export type EdgeCall = readonly [name: string, call: () => Promise<string>];

/** A call of each kind that policy has to permit: of every service, of every action, and of every route of the read side. */
export function permittedCalls(platform: TestPlatform, { ended, asking, order }: Subjects): readonly EdgeCall[] {
  const { gateway, admin, delivery }: FactoryClient = platform.client;
  const { sessionId } = ended;
  const review = { sessionId: asking.sessionId, reviewId: asking.openReview?.reviewId ?? "", actionDigest: asking.openReview?.actionDigest ?? "" };
  const connect = (name: string, call: () => Promise<unknown>): EdgeCall => [name, () => codeOf(call())];
  return [
    connect("SubmitSession", () => first((call) => gateway.submitSession(order, call))),
    connect("ResumeStream", () => first((call) => gateway.resumeStream({ sessionId, replayOnly: true }, call))),
    connect("CancelSession", () => gateway.cancelSession({ sessionId: asking.sessionId, reason: "nobody permits it" })),
    connect("AcknowledgeReview", () => gateway.acknowledgeReview({ ...review, decision: "rejected", note: "nobody permits it" })),
    connect("GetEvidence", () => delivery.getEvidence({ sessionId })),
    connect("GetDeliverable", () => first((call) => delivery.getDeliverable({ sessionId }, call))),
    connect("GetOrg", () => admin.getOrg({})),
    connect("SetTrust", () => admin.setTrust({ subjectId: "agent:coder", score: 0.5, rationale: "nobody permits it" })),
    connect("IssueProducerToken", () =>
      admin.issueProducerToken({ sessionId: asking.sessionId, streams: ["sessionEvents"], ttlSeconds: 600, producer: "outside" }),
    ),
    connect("CreateOrg", () => admin.createOrg({ org: "nowhere", name: "Nowhere", adminMemberId: "nobody", adminName: "Nobody" })),
    connect("PutMember", () => admin.putMember({ memberId: "nobody", name: "Nobody", roles: ["viewer"] })),
    connect("IssueKey", () => admin.issueKey({ label: "nobody's", machine: "nobody", scopes: ["session:read"] })),
    ["GraphQL", () => httpCodeOf(platform, GRAPHQL_PATH, { query: "query ($id: ID!) { session(id: $id) { outcome } }", variables: { id: sessionId } })],
    ["GraphQL's socket", () => socketCodeOf(platform)],
    ["a signal", () => signalCode(platform)],
    [
      "GraphQL's stream",
      () =>
        httpCodeOf(platform, GRAPHQL_STREAM_PATH, {
          query: "subscription ($id: ID!) { sessionEvents(sessionId: $id) { lastSeq } }",
          variables: { id: sessionId },
        }),
    ],
  ];
}

/** A call of each kind that is answered from D1. */
export function readModelCalls(platform: TestPlatform, { ended }: Pick<Subjects, "ended">): readonly EdgeCall[] {
  const { admin } = platform.client;
  const { sessionId } = ended;
  const connect = (name: string, call: () => Promise<unknown>): EdgeCall => [name, () => codeOf(call())];
  const graphql = (name: string, query: string): EdgeCall => [name, () => httpCodeOf(platform, GRAPHQL_PATH, { query, variables: {} })];
  return [
    graphql("a session", `{ session(id: "${sessionId}") { outcome } }`),
    graphql("a list of sessions", "{ sessions(first: 5) { nodes { id } } }"),
    graphql(
      "sessions of a work order",
      `
        {
          sessionsByWorkOrder(workOrderId: "WO-1", first: 5) {
            nodes {
              id
            }
          }
        }
      `,
    ),
    ["a signal", () => signalCode(platform)],
    connect("Operations", () => admin.operations({})),
    connect("ProjectionLag of the org", () => admin.projectionLag({})),
    connect("ProjectionLag of a session", () => admin.projectionLag({ sessionId })),
    connect("Reproject", () => admin.reproject({ sessionId })),
    connect("ObjectHealth", () => admin.objectHealth({ sessionId })),
    connect("Why", () => admin.why({ assembly: "", artifactId: "CLAIM-00000000000000000000000001", depth: 0, limit: 0 })),
  ];
}

/** A signal of the bridge, with a token that holds, about an assembly that nobody has worked in: ELUCIDATION_UNKNOWN where it can be looked at. */
async function signalCode(platform: TestPlatform): Promise<string> {
  const ids = { dispositionEventId: "DSP-00000000000000000000000001", elucidationArtifactId: "ELC-00000000000000000000000001" };
  const { key } = await readSigningJwk(JSON.stringify(ensureDevKey().dispositionKey), "dispositionKey");
  const claims = { org: platform.credentials.org, subject: "ana", scopes: ["signal:override"] as const, ...ids };
  const { token } = await issueDispositionToken(key, claims, Date.now());
  const signal = {
    signalType: "OverrideSignal",
    ...ids,
    issuedAt: new Date().toISOString(),
    assemblyId: "nowhere",
    directive: "force-suspend",
    note: "Nobody permits it.",
    approvers: ["ana", "bo"],
  };
  return httpCodeOf(platform, "/signals", signal, token);
}

/** A message of a kernel that is not registered: SIGNATURE_INVALID where its key can be looked for. */
export async function messageCode(platform: TestPlatform): Promise<string> {
  const unsigned = {
    envelopeId: "env_11111111",
    producedAtMs: Date.now(),
    kernelId: "other-kernel",
    agentId: "mediation",
    org: platform.credentials.org,
    message: outboundSignal.parse({
      type: "EscalationEvent",
      escalationId: "ESC-00000000000000000000000001",
      assemblyId: "shop",
      divergenceIds: [],
      hypothesisChain: [],
      suspensionState: "waiting",
      openDivergenceCount: 0,
      requestedAction: "Decide on the plan.",
      producedAt: "2026-08-04T12:00:00.000Z",
      producedBy: "mediation:shop",
    }),
  };
  const key = { keyId: "kernel-of-nobody", algorithm: "HMAC-SHA256", secret: Buffer.alloc(32, 9).toString("base64") } as const;
  const { payload, signature } = await signMessage(unsigned, key, Date.now());
  return httpCodeOf(platform, "/escalations", {
    payload: Buffer.from(payload).toString("base64"),
    signature: { algorithm: signature.algorithm, value: Buffer.from(signature.value).toString("base64") },
  });
}

/** The code of each call, by its name, one after the other. */
export async function codesOf(calls: readonly EdgeCall[]): Promise<{ readonly [name: string]: string }> {
  const codes: { [name: string]: string } = {};
  for (const [name, call] of calls) codes[name] = await call();
  return codes;
}

/** What {@link codesOf} gives where every call has the same code. */
export function all(calls: readonly EdgeCall[], code: string): { readonly [name: string]: string } {
  return Object.fromEntries(calls.map(([name]) => [name, code]));
}
