/** From an order on disk to a signed request. */
import { globSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { create } from "@bufbuild/protobuf";
import { parseWorkOrder } from "@factory/compiler";
import { newEnvelopeId, orderEnvelope, signEnvelope } from "@factory/governance";
import {
  MAX_ORDER_BYTES,
  MAX_SUBMISSION_BYTES,
  workspacePath,
  type AttachedFile,
  type CompilationConfig,
  type OrderFault,
  type WorkOrder,
} from "@factory/schemas";
import { SignatureAlgorithm, StreamMode, SubmitSessionRequestSchema, type SubmitSessionRequest } from "@factory/schemas/proto";
import type { Credentials } from "./credentials.ts";
import { UsageError } from "./errors.ts";

/** An order with what it attaches; `parsed` is undefined when the order has faults. */
export type Submission = {
  readonly text: string;
  readonly files: readonly AttachedFile[];
  readonly parsed: WorkOrder | undefined;
  readonly faults: readonly OrderFault[];
  /** What the envelope says beside the order; nothing unless told otherwise. */
  readonly config?: CompilationConfig;
};

/**
 * Reads an order and the files its front matter names.
 *
 * @param more - further paths or globs to attach, relative to the order
 * @throws UsageError when the order or a named file is not there, leaves the order's folder, is not text, or is too large.
 */
export function readSubmission(path: string, more: readonly string[] = []): Submission {
  const text = readText(path, MAX_ORDER_BYTES);
  const result = parseWorkOrder(text);
  if (!result.ok) return { text, files: [], parsed: undefined, faults: result.faults };
  const files = attach(dirname(resolve(path)), [...result.order.files, ...more], Buffer.byteLength(text));
  return { text, files, parsed: result.order, faults: [] };
}

function readText(path: string, limit: number): string {
  let bytes: Buffer;
  try {
    if (statSync(path).size > limit) throw new UsageError(`${path} is larger than ${limit} bytes.`);
    bytes = readFileSync(path);
  } catch (err) {
    if (err instanceof UsageError) throw err;
    throw new UsageError(`${path} cannot be read: ${err instanceof Error ? err.message : String(err)}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // The decoder's own message names no file.
    throw new UsageError(`${path} is not UTF-8 text.`);
  }
}

function attach(folder: string, patterns: readonly string[], orderBytes: number): AttachedFile[] {
  const files = new Map<string, string>();
  let total = orderBytes;
  for (const pattern of patterns) {
    const matches = globSync(pattern, { cwd: folder }).filter((match) => statSync(join(folder, match), { throwIfNoEntry: false })?.isFile() === true);
    if (matches.length === 0) throw new UsageError(`\`files\` names ${pattern}, and nothing in ${folder} matches it.`);
    for (const match of matches) {
      const path = relative(folder, resolve(folder, match)).split(sep).join("/");
      if (!workspacePath.safeParse(path).success || leaves(folder, match))
        throw new UsageError(`\`files\` names ${match}, which is outside the order's folder.`);
      const content = readText(join(folder, match), MAX_SUBMISSION_BYTES);
      total += files.has(path) ? 0 : Buffer.byteLength(content);
      if (total > MAX_SUBMISSION_BYTES) throw new UsageError(`The order and its files are larger than ${MAX_SUBMISSION_BYTES} bytes together.`);
      files.set(path, content);
    }
  }
  return [...files].map(([path, content]) => ({ path, content })).sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** True when a path leads out of a folder through a link. */
function leaves(folder: string, path: string): boolean {
  return relative(realpathSync(folder), realpathSync(join(folder, path))).split(sep)[0] === "..";
}

const KERNEL = "factory-cli";
/** Whoever is at the terminal: a key says for which organisation, and nothing says who it is. */
const ACTOR = "cli";

/** A request the gateway takes, with a new envelope id: calling twice makes two sessions. */
export async function signedRequest(
  { text, files, parsed, config = {} }: Submission,
  credentials: Credentials,
  mode: StreamMode = StreamMode.ALL,
  nowMs = Date.now(),
): Promise<SubmitSessionRequest> {
  if (credentials.envelopeSecret === "")
    throw new UsageError("No envelope key: set FACTORY_ENVELOPE_KEY_ID and FACTORY_ENVELOPE_KEY, or start the platform once.");
  const { payload, signature } = await signEnvelope(
    orderEnvelope({ text, files, assembly: parsed?.assembly, envelopeId: newEnvelopeId(), kernelId: KERNEL, actorId: ACTOR, config }, nowMs),
    { keyId: credentials.envelopeKeyId, algorithm: "HMAC-SHA256", secret: credentials.envelopeSecret },
    nowMs,
  );
  return create(SubmitSessionRequestSchema, {
    envelope: { payload, signature: { algorithm: SignatureAlgorithm.HMAC_SHA256, value: signature.value } },
    streamMode: mode,
  });
}
