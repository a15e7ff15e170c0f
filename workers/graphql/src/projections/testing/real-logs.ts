/** The stream Worker for tests of the projections: the bundle, the class, the SQLite and the queue of a deploy. */
import { buildWorker, miniflareWorker } from "../../../../../scripts/platform/build.ts";

/**
 * Miniflare options of the Worker `factory-stream`, without the way back to this Worker's sockets, which are another test's.
 *
 * @throws Error with the bundler's output.
 */
export async function realLogs(): Promise<ReturnType<typeof miniflareWorker>> {
  const built = await buildWorker("stream");
  // Miniflare's own option, which `BundleOptions` does not name.
  const options = built.options as typeof built.options & { readonly durableObjects: { readonly [binding: string]: unknown } };
  const { SUBSCRIBERS: _sockets, ...durableObjects } = options.durableObjects;
  const alone: typeof options = { ...options, durableObjects };
  return miniflareWorker({ ...built, options: alone });
}
