/** The graph Worker for tests of the Workers that bind it: the bundle, the classes and the SQLite of a deploy. */
import { buildWorker, miniflareWorker } from "../platform/build.ts";

/**
 * Miniflare options of the Worker `factory-graph`. Its bundle is kept, so only a change of its sources builds it anew.
 *
 * @throws Error with the bundler's output.
 */
export async function graphWorker(): Promise<ReturnType<typeof miniflareWorker>> {
  return miniflareWorker(await buildWorker("graph"));
}
