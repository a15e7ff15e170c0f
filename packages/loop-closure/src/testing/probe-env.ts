/** Bindings of the probe's Worker. */
import type { BridgeDO } from "./bridge.do.ts";
import type { KnowledgeDO, LineageDO } from "./graphs.do.ts";

export interface ProbeEnv {
  readonly LINEAGES: DurableObjectNamespace<LineageDO>;
  readonly KNOWLEDGE: DurableObjectNamespace<KnowledgeDO>;
  readonly BRIDGES: DurableObjectNamespace<BridgeDO>;
}
