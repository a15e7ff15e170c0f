/** From a signed envelope to a commissioned session. Nothing is stored before the order has parsed. */
import { parseWorkOrder, resolveConfig } from "@factory/compiler";
import { envelopeDigest, envelopeKeysOf, sessionPrincipal, verifyEnvelope, type EnvelopeSignature } from "@factory/governance";
import {
  FactoryError,
  MAX_ORDER_BYTES,
  MAX_SUBMISSION_BYTES,
  blobKey,
  sessionIdOf,
  sha256Hex,
  type Envelope,
  type SignatureAlgorithm,
  type Tree,
  type WorkOrder,
} from "@factory/schemas";
import { SignatureAlgorithm as WireAlgorithm, type SubmitSessionRequest } from "@factory/schemas/proto";
import { abortable } from "./abortable.ts";
import { raise } from "./connect-errors.ts";
import type { BlobStore, GatewayDeps } from "./deps.ts";
import type { CallScope } from "./sessions.ts";
import { governSubmission } from "./submission-policy.ts";

/** Files stored at once: a Worker may have six connections open. */
const PARALLEL_PUTS = 6;

/**
 * Verifies a submission and hands it to its session.
 *
 * @returns the session's id; the same work order and envelope give the same session.
 * @throws FactoryError with the registry's code for whatever is wrong with the submission.
 */
export async function commissionSession(deps: GatewayDeps, { call, principal, signal }: CallScope, request: SubmitSessionRequest): Promise<string> {
  const envelope = await openEnvelope(deps, principal.org, request);
  const { payload } = envelope;
  checkSize(payload.workOrder, payload.files);
  const order = readOrder(payload.workOrder);
  const resolved = resolveConfig(order, payload.config, envelope.session.assemblyId);
  if (!resolved.ok) throw new FactoryError(resolved.code, resolved.message);

  const { org } = principal;
  const { workOrderId } = envelope.governance;
  const sessionId = sessionIdOf(org, workOrderId, envelope.envelopeId);
  call.sessionId = sessionId;
  const { reviewMode, budgetUsd } = resolved.config;
  const governance = await governSubmission(deps, { call, principal, signal }, { sessionId, assembly: resolved.assembly, reviewMode, budgetUsd });
  const baseTree = await abortable(signal, storeFiles(deps.blobs, payload.files));
  const { evidenceChainRoot } = envelope.governance;
  const answer = await abortable(
    signal,
    deps.session(org, sessionId).commission({
      org,
      sessionId,
      workOrderId,
      envelopeId: envelope.envelopeId,
      assembly: resolved.assembly,
      purposeId: envelope.purposeId,
      principal: sessionPrincipal(principal),
      identity: envelope.identity,
      envelopeDigest: envelopeDigest(envelope),
      ...(evidenceChainRoot === undefined ? {} : { evidenceChainRoot }),
      orderText: payload.workOrder,
      order,
      config: resolved.config,
      baseTree,
      governance,
    }),
  );
  if (!answer.ok) return raise(answer);
  return sessionId;
}

async function openEnvelope(deps: GatewayDeps, org: string, { envelope }: SubmitSessionRequest): Promise<Envelope> {
  if (envelope === undefined || envelope.payload.length === 0) throw new FactoryError("INVALID_ARGUMENT", "envelope.payload is missing.");
  if (envelope.signature === undefined) throw new FactoryError("SIGNATURE_INVALID", "envelope.signature is missing.");
  const signature: EnvelopeSignature = { algorithm: algorithmOf(envelope.signature.algorithm), value: envelope.signature.value };
  const answer = await verifyEnvelope(envelope.payload, signature, envelopeKeysOf(org, deps.records), deps.now());
  return answer.ok ? answer.envelope : raise(answer);
}

function algorithmOf(algorithm: WireAlgorithm): SignatureAlgorithm {
  switch (algorithm) {
    case WireAlgorithm.HMAC_SHA256:
      return "HMAC-SHA256";
    case WireAlgorithm.ED25519:
      return "Ed25519";
    default:
      // Unspecified, or a number that only a newer client knows.
      throw new FactoryError("INVALID_ARGUMENT", "envelope.signature.algorithm must be HMAC_SHA256 or ED25519.");
  }
}

const utf8Length = (text: string): number => Buffer.byteLength(text, "utf8");

function checkSize(order: string, files: Envelope["payload"]["files"]): void {
  const orderBytes = utf8Length(order);
  if (orderBytes > MAX_ORDER_BYTES) throw new FactoryError("TOO_LARGE", `The order has ${orderBytes} bytes; the limit is 1 MiB (${MAX_ORDER_BYTES} bytes).`);
  const total = files.reduce((sum, file) => sum + utf8Length(file.content), orderBytes);
  if (total > MAX_SUBMISSION_BYTES) {
    throw new FactoryError("TOO_LARGE", `The order and its files have ${total} bytes; the limit is 8 MiB (${MAX_SUBMISSION_BYTES} bytes).`);
  }
}

function readOrder(text: string): WorkOrder {
  const parsed = parseWorkOrder(text);
  if (parsed.ok) return parsed.order;
  const { faults } = parsed;
  const unsupported = faults.every((fault) => fault.rule === "REPOSITORY_UNSUPPORTED");
  if (unsupported) throw new FactoryError("REPOSITORY_UNSUPPORTED", undefined, { faults });
  const first = faults[0];
  const where = first === undefined ? "" : ` Line ${first.line}: ${first.fix}`;
  throw new FactoryError("ORDER_INVALID", `The work order has ${faults.length} ${faults.length === 1 ? "fault" : "faults"}.${where}`, { faults });
}

/** Stores the files by content and returns the tree that names them. */
async function storeFiles(blobs: BlobStore, files: Envelope["payload"]["files"]): Promise<Tree> {
  const tree: { [path: string]: string } = Object.create(null);
  const contents = new Map<string, Uint8Array>();
  for (const { path, content } of files) {
    if (Object.hasOwn(tree, path)) throw new FactoryError("INVALID_ARGUMENT", `payload.files names ${path} twice.`);
    const bytes = new TextEncoder().encode(content);
    const digest = sha256Hex(bytes);
    tree[path] = digest;
    contents.set(digest, bytes);
  }
  const waiting = [...contents];
  const lane = async (): Promise<void> => {
    for (let blob = waiting.pop(); blob !== undefined; blob = waiting.pop()) await blobs.put(blobKey.content(blob[0]), blob[1], blob[0]);
  };
  await Promise.all(Array.from({ length: PARALLEL_PUTS }, lane));
  return { ...tree };
}
