/** Letting what has already arrived in, without waiting for a timer. */

/** What of the runtime's stream is used; Node has none. */
type Pipe = {
  readonly writable: { getWriter(): { write(bytes: Uint8Array): Promise<void> } };
  readonly readable: { getReader(): { read(): Promise<unknown> } };
};

/**
 * One turn of the runtime's event loop: a byte through a stream within the runtime. A timer of zero milliseconds goes off a
 * millisecond later in workerd, which is as long as fifty calls take; events that are due have run in either case.
 */
export async function eventLoopTurn(): Promise<void> {
  // The cast holds: the class is the runtime's own where it is there.
  const { IdentityTransformStream } = globalThis as { readonly IdentityTransformStream?: new () => Pipe };
  if (IdentityTransformStream === undefined) return new Promise((resolve) => void setTimeout(resolve, 0));
  const { writable, readable } = new IdentityTransformStream();
  await Promise.all([writable.getWriter().write(BYTE), readable.getReader().read()]);
}

const BYTE = new Uint8Array(1);
