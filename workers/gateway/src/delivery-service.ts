/** `factory.v1.FactoryDelivery`: hands over what a session made, each byte checked against its digest. */
import type { ServiceImpl } from "@connectrpc/connect";
import { FactoryError, blobKey, isTerminalKind, isTerminalSession, sha256Hex, workspacePath, type SessionEvent } from "@factory/schemas";
import type { FactoryDelivery } from "@factory/schemas/proto";
import { z } from "zod";
import { abortable } from "./abortable.ts";
import type { GatewayDeps } from "./deps.ts";
import { findSession, streaming, unary, type CallScope } from "./sessions.ts";

/** Size of a chunk of a file, in bytes: 64 KiB. */
const CHUNK_BYTES = 65_536;

const hexDigest = z.string().regex(/^[0-9a-f]{64}$/);

/** The manifest of a deliverable, as commissioning stores it. */
const deliverableManifest = z.object({
  files: z.array(
    z.object({
      path: workspacePath,
      /** POSIX mode bits. */
      mode: z.number().int().min(0).max(0o7777),
      digest: hexDigest,
      bytes: z.number().int().nonnegative(),
    }),
  ),
});
type DeliveredFile = z.infer<typeof deliverableManifest>["files"][number];

/** The service over the gateway's dependencies. */
export function deliveryService(deps: GatewayDeps): ServiceImpl<typeof FactoryDelivery> {
  return {
    getEvidence: (request, context) => unary(context, (scope) => evidence(deps, scope, request.sessionId)),
    getDeliverable: (request, context) => streaming(context, (scope) => deliverable(deps, scope, request.sessionId)),
  };
}

async function evidence(deps: GatewayDeps, scope: CallScope, sessionId: string): Promise<{ evidenceId: string; package: Uint8Array; sha256: string }> {
  const status = await findSession(deps, scope, sessionId);
  if (!isTerminalSession(status.state)) throw new FactoryError("NOT_DELIVERED", `The session is ${status.state}; its evidence is sealed when it ends.`);
  const { org } = scope.principal;
  const seal = await sealOf(deps, scope, sessionId);
  const bytes = await abortable(scope.signal, deps.blobs.get(blobKey.evidence(org, sessionId)));
  if (bytes === null) throw new FactoryError("INTEGRITY", "The session's evidence package is not in the store.");
  if (sha256Hex(bytes) !== seal.sha256) throw new FactoryError("INTEGRITY", "The evidence package is not the one that the terminal event names.");
  return { evidenceId: seal.evidenceId, package: bytes, sha256: seal.sha256 };
}

/** What the log says of the package: its id in the last event but one, its digest in the terminal event. */
async function sealOf(deps: GatewayDeps, { principal, signal }: CallScope, sessionId: string): Promise<{ evidenceId: string; sha256: string }> {
  const log = deps.sessionLog(principal.org, sessionId);
  const tip = await abortable(signal, log.tip());
  const { events } = await abortable(signal, log.read(Math.max(0, tip.lastSeq - 2), 2));
  const [artifact, terminal] = events;
  if (!tip.closed || artifact === undefined || terminal === undefined)
    throw new FactoryError("NOT_DELIVERED", "The session's last events are still on their way.");
  const evidenceId = isArtifactWritten(artifact) ? artifact.payload.artifactId : "";
  const sha256 = isTerminalKind(terminal.kind) && "evidenceDigest" in terminal.payload ? terminal.payload.evidenceDigest : undefined;
  if (evidenceId === "" || sha256 === undefined) throw new FactoryError("INTEGRITY", "The session's log does not name its evidence package.");
  return { evidenceId, sha256 };
}

function isArtifactWritten(event: SessionEvent): event is SessionEvent<"ARTIFACT_WRITTEN"> {
  return event.kind === "ARTIFACT_WRITTEN";
}

type Chunk = { path: string; mode: number; sha256: string; offset: bigint; size: bigint; data: Uint8Array };

async function* deliverable(deps: GatewayDeps, scope: CallScope, sessionId: string): AsyncGenerator<Chunk> {
  const status = await findSession(deps, scope, sessionId);
  if (status.state !== "COMPLETED") throw new FactoryError("NOT_DELIVERED", `The session is ${status.state}; there are files when it is COMPLETED.`);
  const stored = await abortable(scope.signal, deps.blobs.get(blobKey.deliverable(scope.principal.org, sessionId)));
  if (stored === null) throw new FactoryError("INTEGRITY", "The session's deliverable is not in the store.");
  for (const file of readManifest(stored)) {
    const bytes = await abortable(scope.signal, deps.blobs.get(blobKey.content(file.digest)));
    if (bytes === null || bytes.length !== file.bytes || sha256Hex(bytes) !== file.digest) {
      throw new FactoryError("INTEGRITY", `The stored bytes of ${file.path} are not those of the deliverable.`);
    }
    yield* chunksOf(file, bytes);
  }
}

/** The files of a manifest in path order, by UTF-16 code unit. @throws FactoryError INTEGRITY when it does not parse. */
function readManifest(stored: Uint8Array): DeliveredFile[] {
  try {
    const { files } = deliverableManifest.parse(JSON.parse(new TextDecoder().decode(stored)));
    return files.sort((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
  } catch (err) {
    throw new FactoryError(
      "INTEGRITY",
      `The session's deliverable has no readable manifest: ${err instanceof z.ZodError ? z.prettifyError(err) : String(err)}`,
    );
  }
}

/** A file in chunks; an empty file is one empty chunk, so that it is not lost. */
function* chunksOf(file: DeliveredFile, bytes: Uint8Array): Generator<Chunk> {
  let offset = 0;
  do {
    const data = bytes.subarray(offset, offset + CHUNK_BYTES);
    yield { path: file.path, mode: file.mode, sha256: file.digest, offset: BigInt(offset), size: BigInt(file.bytes), data };
    offset += data.length;
  } while (offset < bytes.length);
}
