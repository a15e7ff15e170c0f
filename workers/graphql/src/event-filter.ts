/** Which events of a log an operation is sent: the same rule for what is replayed and for what is live. */
import { isStateTransitionKind, isTerminalKind, STREAMS, type EventKind, type Stream } from "@factory/schemas";
import { z } from "zod";

/** Kinds of a stream; without a mode all. */
export const STREAM_MODES = ["TERMINAL_ONLY", "STATE_TRANSITIONS"] as const;

/** Fields of a filter, as a client gives them and as an attachment keeps them. An absent one lets everything pass. */
export const filterShape = {
  streams: z.array(z.enum(STREAMS)).min(1).max(STREAMS.length).optional(),
  runId: z.string().min(1).max(64).optional(),
  mode: z.enum(STREAM_MODES).optional(),
} as const;

const filterSchema = z.strictObject(filterShape);
export type EventFilter = z.infer<typeof filterSchema>;

/** What a filter looks at; an event of an assembly's log has no stream of its own. */
export type FilteredEvent = { readonly kind: EventKind; readonly stream?: Stream | undefined; readonly runId?: string | undefined };

/** Two filters with one key let the same events pass. */
export function filterKey({ streams, runId, mode }: EventFilter): string {
  const all = streams === undefined || new Set(streams).size === STREAMS.length;
  return JSON.stringify([all ? null : [...new Set(streams)].sort(), runId ?? null, mode ?? null]);
}

/** The key of a filter that lets everything pass. */
export const OPEN_FILTER_KEY = filterKey({});

/** True when the operation is sent the event. */
export function passes({ streams, runId, mode }: EventFilter, event: FilteredEvent): boolean {
  if (streams !== undefined && !streams.includes(event.stream ?? "artifactWrites")) return false;
  if (runId !== undefined && event.runId !== runId) return false;
  switch (mode) {
    case undefined:
      return true;
    case "TERMINAL_ONLY":
      return isTerminalKind(event.kind);
    case "STATE_TRANSITIONS":
      return isStateTransitionKind(event.kind);
    default:
      return mode satisfies never;
  }
}
