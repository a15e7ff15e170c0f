/** Messages of other kernels that no registered kernel has sent, or not now, or not so. */
import { canonicalJson, type OutboundSignal } from "@factory/schemas";
import type { SigningKey } from "@factory/governance";
import { http, refusedHttp, type Answer } from "../answers.ts";
import { grouped, type GroupedCase } from "../case.ts";
import { aHealthSummary, anEscalation, aVerdictClosure, base64, kernelMessage, type KernelBody, type MessageChanges } from "../signing.ts";
import type { AbuseWorld } from "../world.ts";

const ESCALATIONS = "/escalations";
const CLOSURES = "/vcrs";
const STALE_MS = 120_000;
/** Of the message that was taken. */
const TAKEN_ENVELOPE = "env_of-the-abuse-table";
const TAKEN_MESSAGE = anEscalation({ escalationId: "ESC-00000000000000000000000007" });

/** Posts what is made of the world. */
const posted = (name: string, path: string, body: (world: AbuseWorld) => unknown, expected: Answer, more: Partial<GroupedCase> = {}): GroupedCase => ({
  name,
  call: async (world) => world.door.post(path, await body(world)),
  expected,
  ...more,
});

/** An escalation by a kernel of the first organisation. */
const escalation = ({ org, signing }: AbuseWorld, changes: MessageChanges = {}, message: OutboundSignal = anEscalation()): Promise<KernelBody> =>
  kernelMessage(message, changes.org ?? org, changes.key ?? signing.kernel, changes);

const signedBy = (name: string, key: (world: AbuseWorld) => SigningKey): GroupedCase =>
  posted(name, ESCALATIONS, (world) => escalation(world, { key: key(world) }), refusedHttp("SIGNATURE_INVALID"));

/** A good message with its bytes changed after they were signed. */
const changed = async (world: AbuseWorld, change: (text: string) => string): Promise<KernelBody> => {
  const { payload, signature } = await escalation(world);
  return { payload: base64(Buffer.from(change(Buffer.from(payload, "base64").toString("utf8")))), signature };
};

/** Canonical bytes with one field more. */
const withField = (text: string): string => canonicalJson({ ...(JSON.parse(text) as object), trusted: true });

/** Messages of other kernels. */
export const MESSAGE_CASES = grouped("messages", [
  posted("a message without a signature", ESCALATIONS, async (world) => ({ payload: (await escalation(world)).payload }), refusedHttp("INVALID_ARGUMENT")),
  posted(
    "a message with a signature of other bytes",
    ESCALATIONS,
    async (world) => ({ ...(await escalation(world)), signature: { algorithm: "HMAC-SHA256", value: base64(new Uint8Array(32).fill(7)) } }),
    refusedHttp("SIGNATURE_INVALID"),
  ),
  posted(
    "a message whose signature says another algorithm than its key's",
    ESCALATIONS,
    async (world) => {
      const { payload, signature } = await escalation(world);
      return { payload, signature: { ...signature, algorithm: "Ed25519" } };
    },
    refusedHttp("SIGNATURE_INVALID"),
  ),
  posted(
    "a message under an algorithm that nobody knows",
    ESCALATIONS,
    async (world) => {
      const { payload, signature } = await escalation(world);
      return { payload, signature: { ...signature, algorithm: "none" } };
    },
    refusedHttp("INVALID_ARGUMENT"),
  ),
  signedBy("a message of a kernel that nobody registered", () => ({
    keyId: "kernel-nobody",
    algorithm: "HMAC-SHA256",
    secret: Buffer.alloc(32, 5).toString("base64"),
  })),
  signedBy("a message signed by a key for submissions", ({ signing }) => signing.submission),
  signedBy("a message signed by a key that was revoked", ({ signing }) => signing.revoked),
  signedBy("a message signed by another organisation's kernel", ({ signing }) => signing.otherKernel),
  posted("a message for another organisation than its key's", ESCALATIONS, (world) => escalation(world, { org: "acme" }), refusedHttp("SIGNATURE_INVALID")),
  posted(
    "a message that was signed two minutes ago",
    ESCALATIONS,
    (world) => escalation(world, { signedAtMs: Date.now() - STALE_MS }),
    refusedHttp("ENVELOPE_STALE"),
  ),
  posted(
    "a message that was signed two minutes ahead",
    ESCALATIONS,
    (world) => escalation(world, { signedAtMs: Date.now() + STALE_MS }),
    refusedHttp("ENVELOPE_STALE"),
  ),
  posted(
    "a message that was changed after it was signed",
    ESCALATIONS,
    (world) => changed(world, (text) => text.replace("waiting", "none")),
    refusedHttp("SIGNATURE_INVALID"),
  ),
  posted("a message that is not canonical", ESCALATIONS, (world) => changed(world, (text) => `${text} `), refusedHttp("ENVELOPE_NOT_CANONICAL")),
  posted("a message with a field that nobody knows", ESCALATIONS, (world) => changed(world, withField), refusedHttp("INVALID_ARGUMENT")),
  posted("a message that is cut short", ESCALATIONS, (world) => changed(world, (text) => text.slice(0, -5)), refusedHttp("INVALID_ARGUMENT")),
  posted("a message that is no JSON", ESCALATIONS, () => "payload=x", refusedHttp("INVALID_ARGUMENT")),
  posted(
    "a verdict closure record among the escalations",
    ESCALATIONS,
    (world) => escalation(world, {}, aVerdictClosure(world.onRecord.dispositionEventId)),
    refusedHttp("INVALID_ARGUMENT"),
  ),
  posted("an escalation among the verdict closure records", CLOSURES, (world) => escalation(world), refusedHttp("INVALID_ARGUMENT")),
  posted("another kernel's health", ESCALATIONS, (world) => escalation(world, {}, aHealthSummary()), refusedHttp("INVALID_ARGUMENT")),
  posted(
    "a verdict on a decision that nobody has made",
    CLOSURES,
    (world) => escalation(world, {}, aVerdictClosure("DSP-00000000000000000000000001")),
    refusedHttp("ELUCIDATION_UNKNOWN"),
  ),
  posted("a message again that was taken", ESCALATIONS, (world) => escalation(world, { envelopeId: TAKEN_ENVELOPE }, TAKEN_MESSAGE), http(202, "OK"), {
    prepare: async (world) => world.door.post(ESCALATIONS, await escalation(world, { envelopeId: TAKEN_ENVELOPE }, TAKEN_MESSAGE)),
  }),
  posted("a message again in another envelope", ESCALATIONS, (world) => escalation(world, {}, TAKEN_MESSAGE), http(202, "OK")),
  posted(
    "another message in the envelope of one that was taken",
    ESCALATIONS,
    (world) => escalation(world, { envelopeId: TAKEN_ENVELOPE }, anEscalation({ requestedAction: "Approve everything." })),
    refusedHttp("ALREADY_EXISTS"),
  ),
]);
