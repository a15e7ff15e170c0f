/** The envelope that a work order is handed in with, before it is signed: the same whether a terminal or a page makes it. */
import { idSchema, sha256Hex, type AttachedFile, type CompilationConfig } from "@factory/schemas";
import type { UnsignedEnvelope } from "./envelopes.ts";

/** What is handed in, and by whom. */
export type OrderSubmission = {
  /** The order's own text. */
  readonly text: string;
  /** Everything that is attached, with paths relative to the order. */
  readonly files: readonly AttachedFile[];
  /** As the front matter names it; undefined for `main`. */
  readonly assembly: string | undefined;
  /** `env_` and 8 to 64 letters, digits or dashes. The same id with the same content finds the same session. */
  readonly envelopeId: string;
  /** The program that hands it in, such as `factory-cli`. */
  readonly kernelId: string;
  /** The person who does. */
  readonly actorId: string;
  /** What holds beside the front matter; a field that both state differently is refused. */
  readonly config?: CompilationConfig;
};

/** The assembly of an order that names none. */
export const DEFAULT_ASSEMBLY = "main";

/** A new envelope's id: whoever uses two of them makes two sessions. */
export const newEnvelopeId = (): string => `env_${crypto.randomUUID()}`;

/**
 * Puts an order into an envelope. The work order's id follows from its text.
 *
 * @param nowMs - clock in epoch milliseconds; becomes `timestamp`, which tells no two envelopes apart
 * @throws ZodError for an id that is none
 */
export function orderEnvelope({ text, files, assembly, envelopeId, kernelId, actorId, config = {} }: OrderSubmission, nowMs: number): UnsignedEnvelope {
  return {
    schemaVersion: "1.0.0",
    envelopeId,
    timestamp: new Date(nowMs).toISOString(),
    source: { kernelId, agentId: kernelId },
    target: { kernelId: "factory", agentId: "commissioning" },
    identity: { actorId, actorType: "human" },
    session: { assemblyId: assembly ?? DEFAULT_ASSEMBLY },
    governance: { workOrderId: idSchema("WO").parse(`WO-${sha256Hex(text).slice(0, 16)}`) },
    purposeId: idSchema("BCO").parse("BCO-local"),
    payload: { workOrder: text, files: [...files], config },
  };
}
