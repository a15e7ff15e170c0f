/**
 * Writes of a session that happen once under their key. The beads are stored before they are sent, so a repeat after a
 * crash or a lost answer sends the very same ones, and the bead graph takes them once.
 */
import { messageOf } from "@factory/durable";
import type { StartTimeout } from "@factory/durable";
import { digestOf, FactoryError } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import type { BeadGraphRpc } from "@factory/schemas/rpc";
import { askGraph, available } from "./governing-reader.ts";
import type { KspSession, SessionStore, SessionWrite } from "./session-store.ts";

/** What writing needs. */
export interface OnceWriterPorts {
  readonly beads: Pick<BeadGraphRpc, "write" | "writeAll">;
  readonly sessions: SessionStore;
  readonly startTimeout?: StartTimeout;
}

/** Beads as they were formed, with the retrieval they rest on. */
export type FormedWrite = Pick<SessionWrite, "beads" | "fence">;

/** A write that happens once in its session. */
export type OnceWrite = {
  readonly session: Pick<KspSession, "sessionId" | "agentId">;
  readonly key: string;
  /** What the caller asked for; something else under the key is another write. */
  readonly request: object;
  readonly form: () => Promise<FormedWrite>;
  /** Throws when the session may not send, now, what it formed earlier. */
  readonly allowed: () => unknown;
};

/** Sends what sessions write. */
export class OnceWriter {
  readonly #ports: OnceWriterPorts;

  constructor(ports: OnceWriterPorts) {
    this.#ports = ports;
  }

  /**
   * The beads, as the bead graph has them.
   *
   * @throws FactoryError ALREADY_EXISTS for another request under the key; UNAVAILABLE when it is not known whether they were
   *   written; the refusal of the bead graph otherwise
   */
  async write(once: OnceWrite): Promise<SessionWrite["beads"]> {
    const { sessions } = this.#ports;
    const { session, key, form, allowed } = once;
    const requestDigest = digestOfRequest(once.request);
    const known = this.#known(session.sessionId, key, requestDigest);
    if (known?.written === true) return known.beads;
    if (known !== null) {
      allowed();
      const answer = await this.#send(session, known);
      if (answer.ok) return known.beads;
      // What turns out stale was never taken, and is formed again on what the session has retrieved since.
      if (answer.code !== "STALE_TARGET") throw new FactoryError(answer.code, answer.message, answer.details);
    }
    const formed = { key, requestDigest, ...(await form()), written: false };
    sessions.intend(session.sessionId, formed);
    // Read back: of two calls at once the first one's beads are the session's.
    const write = this.#known(session.sessionId, key, requestDigest) ?? formed;
    const answer = await this.#send(session, write);
    if (!answer.ok) throw new FactoryError(answer.code, answer.message, answer.details);
    return write.beads;
  }

  #known(sessionId: string, key: string, requestDigest: string): SessionWrite | null {
    const known = this.#ports.sessions.write(sessionId, key);
    if (known === null || known.requestDigest === requestDigest) return known;
    throw new FactoryError("ALREADY_EXISTS", `The session ${sessionId} wrote something else as ${key}.`);
  }

  async #send({ sessionId, agentId }: OnceWrite["session"], { key, beads, fence }: SessionWrite): Promise<Result> {
    const graph = this.#ports.beads;
    const [first, ...more] = beads;
    const send = async (): Promise<Result> =>
      more.length === 0 ? graph.write(first, agentId, sessionId, fence ?? undefined) : graph.writeAll(beads, agentId, sessionId);
    const answer = await available("Whether the beads were written", () => askGraph(this.#ports, "write", send));
    if (answer.ok) this.#ports.sessions.acknowledge(sessionId, key);
    else this.#ports.sessions.drop(sessionId, key);
    return answer;
  }
}

/** @throws FactoryError INVALID_ARGUMENT for what JSON cannot say */
function digestOfRequest(request: object): string {
  try {
    return digestOf(request);
  } catch (err) {
    throw new FactoryError("INVALID_ARGUMENT", messageOf(err));
  }
}
