/** The Worker of this package's tests on the real runtime. */
export { BridgeDO } from "./bridge.do.ts";
export { KnowledgeDO, LineageDO } from "./graphs.do.ts";

export default {
  fetch: () => new Response("This Worker serves tests only.", { status: 404 }),
} satisfies ExportedHandler;
