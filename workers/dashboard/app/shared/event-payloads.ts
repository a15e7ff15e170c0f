/** How the page reads payloads of events: what a newer factory adds is left out. */
import { EVENT_KINDS, type EventKind } from "@factory/schemas";
import type { z } from "zod";

/** Not persisted: made once each, since making a schema costs more than reading by it. */
const schemas = new Map<EventKind, z.ZodType>();

/** The schema of a kind's payload. */
export function payloadSchema(kind: EventKind): z.ZodType {
  const schema = schemas.get(kind) ?? EVENT_KINDS[kind].payload.strip();
  schemas.set(kind, schema);
  return schema;
}
