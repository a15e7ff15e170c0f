/** What a producer may append: known kinds, ids of the right form, payloads that fit their kind. */
import { EVENT_KINDS, FactoryError, idSchema, parseEventPayload } from "@factory/schemas";
import type { EventKind, EventWrite } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import { overLimit } from "./limits.ts";

const eventId = idSchema("EVT");
const runId = idSchema("RUN");

/** One thing that is wrong with an event. */
type Issue = { readonly path: string; readonly message: string };

/**
 * Checks the events of one call and gives them back with parsed payloads.
 *
 * @throws FactoryError INVALID_ARGUMENT naming the event and each issue; TOO_LARGE for more than `LOG_LIMITS.pageEvents`.
 */
export function checkedEvents(events: readonly EventWrite[]): EventWrite[] {
  checkCount(events.length);
  return events.map(checkedEvent);
}

/** @throws FactoryError TOO_LARGE for more events in one call than `LOG_LIMITS.pageEvents`. */
export function checkCount(events: number): void {
  if (events > LOG_LIMITS.pageEvents) throw overLimit("pageEvents", `${events} events in one call`, "Append them in several calls; their order is kept.");
}

function checkedEvent(event: EventWrite, index: number): EventWrite {
  const issues = headIssues(event);
  if (issues.length > 0) throw invalid(event, index, issues);
  try {
    // The cast rejoins kind and payload: the parse has just checked that they belong together.
    return { ...event, payload: parseEventPayload(event.kind, event.payload) } as EventWrite;
  } catch (err) {
    if (!isZodError(err)) throw err;
    throw invalid(
      event,
      index,
      err.issues.map((issue) => ({ path: `payload.${issue.path.map(String).join(".")}`, message: issue.message })),
    );
  }
}

function headIssues(event: EventWrite): Issue[] {
  const issues: Issue[] = [];
  if (!isKind(event.kind)) issues.push({ path: "kind", message: "is not in the event catalog" });
  if (!eventId.safeParse(event.eventId).success) issues.push({ path: "eventId", message: "must be an EVT id" });
  if (event.runId !== undefined && !runId.safeParse(event.runId).success) issues.push({ path: "runId", message: "must be a RUN id" });
  if (!Number.isSafeInteger(event.occurredAt) || event.occurredAt < 0) issues.push({ path: "occurredAt", message: "must be epoch milliseconds" });
  return issues;
}

function isKind(kind: string): kind is EventKind {
  return Object.hasOwn(EVENT_KINDS, kind);
}

/** zod's error by its shape; `instanceof` fails where two copies of zod are bundled. */
function isZodError(err: unknown): err is Error & { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] } {
  return err instanceof Error && "issues" in err && Array.isArray(err.issues);
}

function invalid(event: EventWrite, index: number, issues: readonly Issue[]): FactoryError {
  const first = issues[0];
  return new FactoryError(
    "INVALID_ARGUMENT",
    `Event ${index + 1} of the call (${event.kind}): ${first?.path ?? "event"} ${first?.message ?? "is not valid"}.`,
    {
      index,
      eventId: event.eventId,
      issues,
    },
  );
}
