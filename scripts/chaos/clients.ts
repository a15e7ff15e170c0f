/** Clients that go away and come back at random, and note every event exactly as it comes: nothing is hidden from the checks. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { FactoryClient } from "@factory/cli";
import { StreamMode, SessionEventKind, type SessionEvent } from "@factory/schemas/proto";
import type { FaultPlan } from "./faults.ts";
import { between, drawsOf, type Draw } from "./random.ts";

/** Codes after which the same call may be made again: the platform is down, or a fault hit it. */
const TRY_AGAIN: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Unknown, Code.Internal, Code.DeadlineExceeded, Code.Aborted, Code.ResourceExhausted]);

/** The kinds after which nothing may follow. */
export const TERMINAL_KINDS: readonly SessionEventKind[] = [
  SessionEventKind.SESSION_COMPLETED,
  SessionEventKind.SESSION_FAILED,
  SessionEventKind.SESSION_CANCELLED,
  SessionEventKind.SESSION_REJECTED,
];

const RECONNECT_PAUSE_MS = { from: 20, to: 400 } as const;

/** True when the call may be made again. */
export function mayTryAgain(err: unknown): boolean {
  return TRY_AGAIN.has(ConnectError.from(err).code);
}

/** A client of one session. */
export class WanderingClient {
  readonly name: string;
  /** Every event that came, in the order of coming. */
  readonly events: SessionEvent[] = [];
  /** How often it came back. */
  reconnects = 0;
  readonly #client: FactoryClient;
  readonly #plan: FaultPlan;
  readonly #draw: Draw;
  readonly #onEvent: (event: SessionEvent) => void;
  /** Longest stay, in events; null stays until the connection breaks. */
  readonly #stay: number | null;

  constructor(
    client: FactoryClient,
    plan: FaultPlan,
    options: { readonly name: string; readonly seed: number; readonly stay: number | null; readonly onEvent?: (event: SessionEvent) => void },
  ) {
    this.name = options.name;
    this.#client = client;
    this.#plan = plan;
    this.#draw = drawsOf(options.seed, `client/${options.name}`);
    this.#stay = options.stay;
    this.#onEvent = options.onEvent ?? (() => undefined);
  }

  /** The seq it resumes after. */
  get lastSeq(): bigint {
    return this.events.at(-1)?.seq ?? 0n;
  }

  /** Follows a session to its terminal event. @throws ConnectError for what coming back cannot mend */
  async follow(sessionId: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const left = await this.#visit(sessionId, signal);
      const last = this.events.at(-1);
      if (last !== undefined && TERMINAL_KINDS.includes(last.kind)) return;
      this.reconnects += 1;
      if (left) this.#plan.count("client.reconnect", this.name);
      await new Promise((resolve) => setTimeout(resolve, between(this.#draw, RECONNECT_PAUSE_MS.from, RECONNECT_PAUSE_MS.to)));
    }
  }

  /** One connection. @returns whether the client left by itself */
  async #visit(sessionId: string, signal: AbortSignal): Promise<boolean> {
    const leave = new AbortController();
    let left = this.#stay === null ? Number.POSITIVE_INFINITY : between(this.#draw, 1, this.#stay);
    try {
      const request = { sessionId, fromSequence: this.lastSeq, streamMode: StreamMode.ALL };
      for await (const { event } of this.#client.gateway.resumeStream(request, { signal: AbortSignal.any([signal, leave.signal]) })) {
        if (event === undefined) continue;
        this.events.push(event);
        this.#onEvent(event);
        left -= 1;
        if (left <= 0) return true;
      }
    } catch (err) {
      if (!signal.aborted && !mayTryAgain(err)) throw err;
    } finally {
      leave.abort();
    }
    return false;
  }
}
