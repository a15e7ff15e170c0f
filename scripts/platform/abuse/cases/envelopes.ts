/** Work orders in envelopes that are not what they seem. */
import { canonicalJson } from "@factory/schemas";
import { FactoryGateway, SignatureAlgorithm } from "@factory/schemas/proto";
import { signEnvelope, type SigningKey, type UnsignedEnvelope } from "@factory/governance";
import { refused, TAKEN, type Answer } from "../answers.ts";
import { grouped, type GroupedCase } from "../case.ts";
import { envelopeFor, hmacSigned, submission, type OrderOptions, type SignedRequest, type SubmitRequest } from "../signing.ts";
import { ORPHANED_FILE } from "../traces.ts";
import { orderText, type AbuseWorld } from "../world.ts";

const ORDER = orderText("Enveloped");
const STALE_MS = 120_000;

/** Hands a request in as whoever may. */
const handed = (name: string, request: (world: AbuseWorld) => Promise<SubmitRequest>, expected: Answer, more: Partial<GroupedCase> = {}): GroupedCase => ({
  name,
  call: async (world) => world.door.connect(FactoryGateway.method.submitSession, await request(world), world.keys.dev),
  expected,
  ...more,
});

/** A good envelope of a new order. */
const anEnvelope = (options: OrderOptions = {}, text: string = ORDER): UnsignedEnvelope => envelopeFor(text, options);

/** Signed by a key of the world. */
const signedBy =
  (key: (world: AbuseWorld) => SigningKey) =>
  (world: AbuseWorld): Promise<SubmitRequest> =>
    submission(anEnvelope(), key(world));

/** Canonical bytes of what the schema would not let through, signed all the same. */
async function signedAnyway(key: SigningKey, change: (envelope: { [field: string]: unknown }) => unknown): Promise<SubmitRequest> {
  const { payload } = await signEnvelope(anEnvelope(), key, Date.now());
  const envelope = JSON.parse(Buffer.from(payload).toString("utf8")) as { [field: string]: unknown };
  return hmacSigned(key, canonicalJson(change(envelope)));
}

/** A good request with its wire form changed. */
const changed = (change: (envelope: SignedRequest["envelope"]) => NonNullable<SubmitRequest["envelope"]>) => {
  return async (world: AbuseWorld): Promise<SubmitRequest> => ({ envelope: change((await submission(anEnvelope(), world.signing.submission)).envelope) });
};

const SIGNATURES: readonly GroupedCase[] = [
  handed(
    "an envelope without a signature",
    changed(({ payload }) => ({ payload })),
    refused("SIGNATURE_INVALID"),
  ),
  handed(
    "an envelope with a signature of other bytes",
    changed(({ payload }) => ({ payload, signature: { algorithm: SignatureAlgorithm.HMAC_SHA256, value: new Uint8Array(32).fill(7) } })),
    refused("SIGNATURE_INVALID"),
  ),
  handed(
    "an envelope whose signature is cut short",
    changed(({ payload, signature }) => ({ payload, signature: { ...signature, value: signature.value.slice(0, 16) } })),
    refused("SIGNATURE_INVALID"),
  ),
  handed(
    "an envelope that is cut short",
    changed(({ payload, signature }) => ({ payload: payload.slice(0, -9), signature })),
    refused("INVALID_ARGUMENT"),
  ),
  handed("an envelope without bytes", async () => ({}), refused("INVALID_ARGUMENT")),
  handed(
    "an HMAC that is called Ed25519",
    changed(({ payload, signature }) => ({ payload, signature: { ...signature, algorithm: SignatureAlgorithm.ED25519 } })),
    refused("SIGNATURE_INVALID"),
  ),
  handed(
    "a signature of an algorithm that is not named",
    changed(({ payload, signature }) => ({ payload, signature: { ...signature, algorithm: SignatureAlgorithm.UNSPECIFIED } })),
    refused("INVALID_ARGUMENT"),
  ),
  handed(
    "an HMAC that has the public key of an Ed25519 key as its secret",
    ({ signing }) => submission(anEnvelope(), { keyId: signing.submissionEd25519.keyId, algorithm: "HMAC-SHA256", secret: signing.ed25519PublicKey }),
    refused("SIGNATURE_INVALID"),
  ),
  handed(
    "an envelope signed by another organisation's key",
    signedBy(({ signing }) => signing.otherSubmission),
    refused("SIGNATURE_INVALID"),
  ),
  handed(
    "an envelope signed by a key that was revoked",
    signedBy(({ signing }) => signing.revoked),
    refused("SIGNATURE_INVALID"),
  ),
  handed(
    "an envelope signed by a key for kernels",
    signedBy(({ signing }) => signing.kernel),
    refused("SIGNATURE_INVALID"),
  ),
  handed(
    "an envelope signed by a key for dispositions",
    signedBy(({ signing }) => signing.dispositionHmac),
    refused("SIGNATURE_INVALID"),
  ),
  handed(
    "an envelope signed by a key that nobody registered",
    () => submission(anEnvelope(), { keyId: "submit-nobody", algorithm: "HMAC-SHA256", secret: Buffer.alloc(32, 5).toString("base64") }),
    refused("SIGNATURE_INVALID"),
  ),
];

const CONTENT: readonly GroupedCase[] = [
  handed(
    "an envelope in JSON that is not canonical",
    async ({ signing }) =>
      hmacSigned(signing.submission, JSON.stringify({ ...anEnvelope(), keyId: signing.submission.keyId, signedAt: new Date().toISOString() }, null, 1)),
    refused("ENVELOPE_NOT_CANONICAL"),
  ),
  handed(
    "an envelope with a field that nobody knows",
    ({ signing }) => signedAnyway(signing.submission, (envelope) => ({ ...envelope, admin: true })),
    refused("INVALID_ARGUMENT"),
  ),
  handed(
    "an envelope without its purpose",
    ({ signing }) => signedAnyway(signing.submission, ({ purposeId: _purpose, ...rest }) => rest),
    refused("INVALID_ARGUMENT"),
  ),
  handed(
    "an envelope of another version",
    ({ signing }) => signedAnyway(signing.submission, (envelope) => ({ ...envelope, schemaVersion: "2.0.0" })),
    refused("INVALID_ARGUMENT"),
  ),
  handed("an envelope signed two minutes ago", ({ signing }) => submission(anEnvelope(), signing.submission, Date.now() - STALE_MS), refused("ENVELOPE_STALE")),
  handed(
    "an envelope signed two minutes ahead",
    ({ signing }) => submission(anEnvelope(), signing.submission, Date.now() + STALE_MS),
    refused("ENVELOPE_STALE"),
  ),
  handed(
    "an envelope that contradicts its order",
    ({ signing }) => submission(anEnvelope({ config: { reviewMode: "auto" } }, ORDER.replace("---\n\n", "review_mode: human\n---\n\n")), signing.submission),
    refused("ENVELOPE_CONTRADICTION"),
  ),
  handed("an order with faults", ({ signing }) => submission(anEnvelope({}, "Build something nice."), signing.submission), refused("ORDER_INVALID")),
  handed(
    "an order for a repository",
    ({ signing }) => submission(anEnvelope({}, ORDER.replace("---\n\n", "repository: https://example.com/x.git\n---\n\n")), signing.submission),
    refused("REPOSITORY_UNSUPPORTED"),
  ),
  handed(
    "a file that leaves its folder",
    ({ signing }) =>
      signedAnyway(signing.submission, (envelope) => ({
        ...envelope,
        payload: { workOrder: ORDER, files: [{ path: "../../etc/passwd", content: "x" }], config: {} },
      })),
    refused("INVALID_ARGUMENT"),
  ),
  handed(
    "a file that is named twice",
    ({ signing }) =>
      submission(
        anEnvelope({
          files: [
            { path: "a.ts", content: "1" },
            { path: "a.ts", content: "2" },
          ],
        }),
        signing.submission,
      ),
    refused("INVALID_ARGUMENT"),
  ),
];

const REPLAYS: readonly GroupedCase[] = [
  handed(
    "the same envelope again finds the same session and begins nothing",
    ({ signing, sessions }) => submission(sessions.waiting.envelope, signing.submission),
    TAKEN,
  ),
  handed(
    "the same ids with another order",
    ({ signing, sessions: { waiting } }) =>
      submission({ ...waiting.envelope, payload: { ...waiting.envelope.payload, workOrder: orderText("Another") } }, signing.submission),
    refused("ALREADY_EXISTS"),
  ),
  handed(
    "the same ids with another file",
    ({ signing, sessions: { waiting } }) =>
      submission(
        { ...waiting.envelope, payload: { ...waiting.envelope.payload, files: [{ path: "orphan.txt", content: "of the abuse table" }] } },
        signing.submission,
      ),
    refused("ALREADY_EXISTS"),
    { leaves: ORPHANED_FILE },
  ),
  handed(
    "the same ids by another actor",
    ({ signing, sessions: { waiting } }) => submission({ ...waiting.envelope, identity: { actorId: "mallory", actorType: "human" } }, signing.submission),
    refused("ALREADY_EXISTS"),
  ),
  handed(
    "the same ids as a session that has completed, with another budget",
    ({ signing, sessions: { completed } }) =>
      submission({ ...completed.envelope, payload: { ...completed.envelope.payload, config: { reviewMode: "auto", budgetUsd: 9 } } }, signing.submission),
    refused("ALREADY_EXISTS"),
  ),
];

/** Envelopes. */
export const ENVELOPE_CASES = grouped("envelopes", [...SIGNATURES, ...CONTENT, ...REPLAYS]);
