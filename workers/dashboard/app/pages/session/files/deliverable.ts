/** The files of a completed session as they come: in chunks, each file's together and in order. */
import { sha256Hex, workspacePath } from "@factory/schemas";

/** A part of a file as the platform sends it. */
export type DeliverableChunk = { readonly path: string; readonly mode: number; readonly sha256: string; readonly data: Uint8Array };

/** A whole file whose digest is what it was sent with. `mode` are POSIX mode bits. */
export type DeliveredFile = { readonly path: string; readonly mode: number; readonly bytes: Uint8Array<ArrayBuffer> };

/** How much has come. */
export type DeliverableProgress = { readonly files: number; readonly bytes: number };

/**
 * Puts the chunks together.
 *
 * @throws ZodError for a path that leads out of the folder, Error for a file with another content than its digest says
 */
export async function collectDeliverable(chunks: AsyncIterable<DeliverableChunk>, tell: (progress: DeliverableProgress) => void): Promise<DeliveredFile[]> {
  const received: { path: string; mode: number; sha256: string; parts: Uint8Array[] }[] = [];
  let bytes = 0;
  for await (const { path, mode, sha256, data } of chunks) {
    const last = received.at(-1);
    if (last?.path === path) last.parts.push(data);
    else received.push({ path: workspacePath.parse(path), mode, sha256, parts: [data] });
    bytes += data.length;
    tell({ files: received.length, bytes });
  }
  return received.map(({ path, mode, sha256, parts }) => {
    const whole = joined(parts);
    if (sha256Hex(whole) !== sha256) throw new Error(`${path} does not have the digest it was sent with; nothing was kept.`);
    return { path, mode, bytes: whole };
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
