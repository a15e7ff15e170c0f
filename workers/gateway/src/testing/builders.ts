/** Builders for submissions, keys and calls. */
import { create } from "@bufbuild/protobuf";
import { newApiKey, signEnvelope, type EnvelopeKeyRecord, type NewApiKey, type Scope, type SigningKey, type UnsignedEnvelope } from "@factory/governance";
import { kvKey, type Envelope } from "@factory/schemas";
import { SignatureAlgorithm, SignedEnvelopeSchema, type SignedEnvelope } from "@factory/schemas/proto";

/** Every scope a session's owner needs, and an administrator's. */
const OWNER_SCOPES: readonly Scope[] = ["session:submit", "session:read", "session:control", "review:decide", "admin"];

/** A small order that parses. */
export function anOrder({ title = "Slugs", criterion = "`slugify` gives lower-case words joined by dashes." } = {}): string {
  return [
    `# ${title}`,
    "",
    "## Problem",
    "",
    "Titles do not make addresses.",
    "",
    "## Goal",
    "",
    "One function that turns a title into an address.",
    "",
    "## Acceptance criteria",
    "",
    `- ${criterion}`,
    "",
    "```ts",
    "export function slugify(title: string): string;",
    "```",
    "",
    "```examples",
    'slugify("Hello World") => "hello-world"',
    "```",
    "",
  ].join("\n");
}

let made = 0;

/** An envelope with ids of its own. */
export function anEnvelope(change: Partial<UnsignedEnvelope> = {}): UnsignedEnvelope {
  made += 1;
  const unique = `${made}-${crypto.randomUUID()}`;
  return {
    schemaVersion: "1.0.0",
    envelopeId: `env_${unique}`,
    timestamp: new Date().toISOString(),
    source: { kernelId: "factory-cli", agentId: "test" },
    target: { kernelId: "factory-gateway", agentId: "factory" },
    identity: { actorId: "ana", actorType: "human" },
    session: { assemblyId: "main" },
    // Ids are branded by their schema; the literals have its shape.
    governance: { workOrderId: `WO-${made}` as Envelope["governance"]["workOrderId"] },
    purposeId: "BCO-1" as Envelope["purposeId"],
    payload: { workOrder: anOrder(), files: [], config: { reviewMode: "auto" } },
    ...change,
  };
}

/** Credentials of a test: an API key and an HMAC envelope key of one org. */
export type Credentials = { readonly org: string; readonly apiKey: string; readonly signingKey: SigningKey };

/** Makes credentials and stores them with `put`, as the bootstrap does. */
export async function storeCredentials(
  put: (key: string, value: string) => Promise<void>,
  org: string,
  scopes: readonly Scope[] = OWNER_SCOPES,
): Promise<Credentials> {
  const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64");
  const keyId = `ek_${crypto.randomUUID()}`;
  const record: EnvelopeKeyRecord = { keyId, org, algorithm: "HMAC-SHA256", secret, status: "active" };
  const api: NewApiKey = newApiKey(org, "tester", scopes, Date.now());
  await put(kvKey.org(org), JSON.stringify({ org }));
  await put(api.storageKey, JSON.stringify(api.record));
  await put(kvKey.envelopeKey(keyId), JSON.stringify(record));
  return { org, apiKey: api.apiKey, signingKey: { keyId, algorithm: "HMAC-SHA256", secret } };
}

/** An envelope as it goes on the wire. */
export async function signed(envelope: UnsignedEnvelope, key: SigningKey, nowMs: number = Date.now()): Promise<SignedEnvelope> {
  const { payload, signature } = await signEnvelope(envelope, key, nowMs);
  return create(SignedEnvelopeSchema, {
    payload,
    signature: { algorithm: signature.algorithm === "Ed25519" ? SignatureAlgorithm.ED25519 : SignatureAlgorithm.HMAC_SHA256, value: signature.value },
  });
}
