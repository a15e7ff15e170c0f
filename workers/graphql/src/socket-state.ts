/** What a socket carries across hibernation: who opened it and how far each of its operations has come. */
import { z } from "zod";
import { filterShape } from "./event-filter.ts";

const log = z.union([z.strictObject({ sessionId: z.string() }), z.strictObject({ assemblyId: z.string() })]);

const operation = z.strictObject({
  id: z.string(),
  log,
  ...filterShape,
  /** Key of what it selects of each event; its text is a row of the shard's. */
  selection: z.string().optional(),
  /** Everything up to this seq has been sent, or let pass by the filter. */
  cursor: z.int().min(0),
  /** True once it follows the log's pushes: from then on the log's live cursor counts, where it is further. */
  live: z.boolean(),
});

const socketState = z.strictObject({
  version: z.literal(2),
  protocol: z.string(),
  principal: z.strictObject({ id: z.string(), scopes: z.array(z.string()) }).nullable(),
  connectionId: z.string(),
  /** False while an answer is owed that only memory knows of: the handshake's, or an operation's whose log is being looked up. */
  settled: z.boolean(),
  operations: z.array(operation),
});

export type SocketState = z.infer<typeof socketState>;

/** Reads an attachment; null for what is none of this version. */
export function parseSocketState(attachment: unknown): SocketState | null {
  return socketState.safeParse(attachment).data ?? null;
}
