/** Events, identities and readers of streams for the tests of this Worker. */
import { digestOf, GENESIS_HASH, sessionIdOf, ulidId } from "@factory/schemas";
import type { EventPayload, EventWrite, SessionEvent } from "@factory/schemas";
import type { AssemblyEvent, LogIdentity } from "@factory/schemas/rpc";

/** Identity of a session that the work order's id makes unique. */
export function anIdentity(workOrderId = "WO-1"): LogIdentity {
  return { org: "acme", sessionId: sessionIdOf("acme", workOrderId, "envelope-1"), workOrderId, assemblyId: "pricing" };
}

/** A state transition; `reason` tells events apart. */
export function anEvent(reason = "begun", overrides: Partial<EventWrite<"COMPILATION_STARTED">> = {}): EventWrite<"COMPILATION_STARTED"> {
  return {
    eventId: ulidId("EVT"),
    kind: "COMPILATION_STARTED",
    occurredAt: 1_700_000_000_000,
    payload: { fromState: "AWAITING_APPROVAL", toState: "COMPILING", reason },
    ...overrides,
  };
}

/** The terminal event of a completed session. */
export function aTerminalEvent(): EventWrite<"SESSION_COMPLETED"> {
  return {
    eventId: ulidId("EVT"),
    kind: "SESSION_COMPLETED",
    occurredAt: 1_700_000_001_000,
    payload: { outcome: "COMPLETED", reason: "accepted", fromState: "DELIVERING" },
  };
}

/** An artifact that was written; its id tells events apart. */
export function aWrite(artifactId: string, overrides: Partial<EventPayload<"ARTIFACT_WRITTEN">> = {}): EventWrite<"ARTIFACT_WRITTEN"> {
  return { eventId: ulidId("EVT"), kind: "ARTIFACT_WRITTEN", occurredAt: 1_700_000_000_500, payload: { artifactId, artifactType: "Pressure", ...overrides } };
}

/** A bead that was made ready: an event of `beadUpdates`. */
export function aBeadEvent(title = "work"): EventWrite<"BEAD_STATE_CHANGED"> {
  return {
    eventId: ulidId("EVT"),
    kind: "BEAD_STATE_CHANGED",
    runId: "RUN-00000000000000000000000000",
    occurredAt: 1_700_000_000_600,
    payload: {
      beadId: "BEAD-1",
      runId: "RUN-00000000000000000000000000",
      atomId: "ATOM-1",
      title,
      team: "synthesis",
      role: "coder",
      fromState: "",
      toState: "READY",
      epoch: 0,
      attempt: 0,
      cycle: 0,
    },
  };
}

/** Several events with reasons `e1`, `e2`, ... */
export function events(count: number, from = 1): EventWrite[] {
  return Array.from({ length: count }, (_, index) => anEvent(`e${from + index}`));
}

/** Where the first event stands that breaks the chain, or null when it holds from the genesis hash on. */
export function brokenAt(chain: readonly (SessionEvent | AssemblyEvent)[]): number | null {
  let prevHash = GENESIS_HASH;
  for (const [index, event] of chain.entries()) {
    const { hash, ...content } = event;
    if (event.seq !== index + 1 || event.prevHash !== prevHash || digestOf(content) !== hash) return index;
    prevHash = hash;
  }
  return null;
}

/** Reads a subscription as a client does: whole lines, heartbeats counted apart. */
export class NdjsonReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #rest = "";
  #ready: SessionEvent[] = [];
  heartbeats = 0;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** The next event; null when the stream has ended. */
  async next(): Promise<SessionEvent | null> {
    while (this.#ready.length === 0) {
      if (!(await this.#fill())) return null;
    }
    return this.#ready.shift() ?? null;
  }

  /** The next `count` events, or fewer when the stream ends before. */
  async take(count: number): Promise<SessionEvent[]> {
    const taken: SessionEvent[] = [];
    while (taken.length < count) {
      const event = await this.next();
      if (event === null) break;
      taken.push(event);
    }
    return taken;
  }

  /** Every event up to the end of the stream. */
  rest(): Promise<SessionEvent[]> {
    return this.take(Number.POSITIVE_INFINITY);
  }

  /** Waits for one heartbeat. */
  async heartbeat(): Promise<void> {
    const before = this.heartbeats;
    while (this.heartbeats === before) if (!(await this.#fill())) throw new Error("The stream ended without a heartbeat.");
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }

  async #fill(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (done) return false;
    const lines = (this.#rest + this.#decoder.decode(value, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") this.heartbeats += 1;
      else this.#ready.push(JSON.parse(line) as SessionEvent);
    }
    return true;
  }
}
