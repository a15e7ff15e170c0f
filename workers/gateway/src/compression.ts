/** gzip for Connect and gRPC-Web messages, by the runtime's own streams. */
import type { Compression } from "@connectrpc/connect/protocol";
import { errorOf } from "./connect-errors.ts";

/** gzip; a message that inflates beyond the limit is refused before the rest of it is inflated. */
export const gzip: Compression = {
  name: "gzip",
  compress: (bytes) => through(bytes, new CompressionStream("gzip"), Number.POSITIVE_INFINITY),
  decompress: async (bytes, readMaxBytes) => {
    if (bytes.length === 0) return new Uint8Array(0);
    return through(bytes, new DecompressionStream("gzip"), readMaxBytes);
  },
};

async function through(bytes: Uint8Array, transform: ReadableWritablePair<Uint8Array, BufferSource>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(transform)) {
      length += chunk.length;
      if (length > maxBytes) throw errorOf("TOO_LARGE", `The message is larger than ${maxBytes} bytes when inflated.`);
      chunks.push(chunk);
    }
  } catch (err) {
    if (length > maxBytes) throw err;
    throw errorOf("INVALID_ARGUMENT", "The message is not valid gzip.", undefined, err);
  }
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}
