/** A session's events out of its log's NDJSON: in order, without a gap, up to the terminal one. */
import { FactoryError, isStateTransitionKind, isTerminalKind, type EventKind, type SessionEvent } from "@factory/schemas";
import { StreamMode } from "@factory/schemas/proto";
import type { SessionLogRpc } from "@factory/schemas/rpc";
import { abortable } from "./abortable.ts";

/** Events one read of the log asks for: a few hundred kilobytes of the usual ones. */
const READ_PAGE = 500;

/**
 * Events strictly after `after`: what is stored, then live; ends after the terminal event.
 *
 * @param signal - ends the subscription; its reason is thrown
 * @throws FactoryError UNAVAILABLE when the log breaks off, INTEGRITY when it skips a seq.
 */
export async function* followEvents(log: SessionLogRpc, after: number, signal: AbortSignal): AsyncGenerator<SessionEvent> {
  const stream = await abortable(signal, log.subscribe(after));
  let last = after;
  for await (const event of parseEvents(stream, signal)) {
    last = next(event, last);
    yield event;
    if (isTerminalKind(event.kind)) return;
  }
  throw new FactoryError("UNAVAILABLE", "The session's log broke off; use ResumeStream with the last seq you saw.");
}

/** Events strictly after `after` up to `upTo`, both seqs; nothing live. @throws as `followEvents`. */
export async function* replayEvents(log: SessionLogRpc, after: number, upTo: number, signal: AbortSignal): AsyncGenerator<SessionEvent> {
  let last = after;
  while (last < upTo) {
    const { events } = await abortable(signal, log.read(last, Math.min(READ_PAGE, upTo - last)));
    if (events.length === 0) throw new FactoryError("INTEGRITY", `The session's log has no event ${last + 1}.`);
    for (const event of events) {
      last = next(event, last);
      yield event;
    }
  }
}

/** The seq of an event that must follow `last` without a gap. */
function next(event: SessionEvent, last: number): number {
  if (event.seq !== last + 1) throw new FactoryError("INTEGRITY", `The session's log went from seq ${last} to ${event.seq}.`);
  return event.seq;
}

/** Splits NDJSON into events; empty lines are heartbeats. The stream is cancelled when the consumer stops. */
async function* parseEvents(stream: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<SessionEvent> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let ended = false;
  try {
    for (;;) {
      const step = await abortable(signal, reader.read());
      if (step.done) break;
      const lines = (rest + decoder.decode(step.value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        // The log wrote the line and is trusted inside; its shape is the contract of `subscribe`.
        if (line !== "") yield JSON.parse(line) as SessionEvent;
      }
    }
    ended = true;
  } finally {
    if (!ended) cancelQuietly(reader);
  }
}

/** The log may be gone already, which is what cancelling is for; there is nobody left to tell. */
function cancelQuietly(reader: ReadableStreamDefaultReader<Uint8Array>): void {
  reader.cancel().catch(() => undefined);
}

/** True when a stream of this mode carries the kind. @throws FactoryError INVALID_ARGUMENT for a mode that is not known. */
export function carries(mode: StreamMode, kind: EventKind): boolean {
  switch (mode) {
    case StreamMode.UNSPECIFIED:
    case StreamMode.ALL:
      return true;
    case StreamMode.TERMINAL_ONLY:
      return isTerminalKind(kind);
    case StreamMode.STATE_TRANSITIONS:
      return isStateTransitionKind(kind);
    default:
      // Enums of proto3 are open: a client may send any number.
      throw new FactoryError("INVALID_ARGUMENT", `stream_mode ${Number(mode)} is not known.`);
  }
}
