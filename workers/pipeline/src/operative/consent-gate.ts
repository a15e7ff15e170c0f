/**
 * The gate before every tool call, nested ones included: the knowing-state session is asked first, then a record is written,
 * and what has no record does not run. See `domain.md` 4.
 */
import { messageOf } from "@factory/durable";
import { digestOf, refuse } from "@factory/schemas";
import type { EventPayload, Result } from "@factory/schemas";
import type { Stop } from "./attempt-control.ts";
import type { ConsentRecord } from "./operative-store.ts";

export type ConsentDenial = EventPayload<"CONSENT_BEAD_DENIED">;

/** What a gate needs. */
export interface ConsentGateDeps {
  /**
   * Asks the knowing-state session whether an action is still consented to. STALE_TARGET: what governs the agent has moved
   * since it was retrieved; GOVERNANCE_VIOLATION: not consented to. Any other refusal, and a throw, opens nothing.
   */
  readonly consented: (action: string) => Promise<Result>;
  /** Writes a record; a throw denies the call. */
  readonly write: (record: ConsentRecord) => void;
}

/** The lease and the knowing-state the calls are made under. */
export type ConsentContext = {
  readonly runId: string;
  readonly beadId: string;
  readonly epoch: number;
  /** Digest of the heads at the retrieval. */
  readonly headsDigest: string;
  /** Tools that the directive permits, the consent grants and the registry has. */
  readonly permitted: readonly string[];
};

/** Whether a call may run; if not, why the attempt ends. */
export type ConsentVerdict = { readonly ok: true } | { readonly ok: false; readonly stop: Stop };

/** Characters of a tool's name that are recorded; a model may make up any name. */
const MAX_TOOL_NAME_CHARS = 128;

/** Decides on the tool calls of one attempt. */
export class ConsentGate {
  readonly #deps: ConsentGateDeps;
  readonly #context: ConsentContext;
  readonly #denials: ConsentDenial[] = [];

  constructor(deps: ConsentGateDeps, context: ConsentContext) {
    this.#deps = deps;
    this.#context = context;
  }

  /** Denials so far, for the log. */
  get denials(): readonly ConsentDenial[] {
    return this.#denials;
  }

  /** Whether a tool may be called at all; asking leaves no record. */
  permits(toolName: string): boolean {
    return this.#context.permitted.includes(toolName);
  }

  /** Asks for consent as it is now, records the call and answers whether it may run. */
  async authorise(toolName: string, input: unknown): Promise<ConsentVerdict> {
    const name = toolName.slice(0, MAX_TOOL_NAME_CHARS);
    const consent = await this.#consent(name);
    if (consent.ok) return this.#record(name, input, this.permits(toolName) ? null : `the tool ${name} is not among those permitted and granted`);
    switch (consent.code) {
      case "GOVERNANCE_VIOLATION":
        return this.#record(name, input, consent.message);
      case "STALE_TARGET":
        return { ok: false, stop: { kind: "stale", message: `${name} was not called: ${consent.message}` } };
      default:
        return { ok: false, stop: { kind: "broken", message: `whether ${name} may be called could not be asked: ${consent.message}` } };
    }
  }

  async #consent(name: string): Promise<Result> {
    try {
      return await this.#deps.consented(name);
    } catch (err) {
      return refuse("UNAVAILABLE", messageOf(err));
    }
  }

  /** @param denied - why the call may not run; null when it may */
  #record(name: string, input: unknown, denied: string | null): ConsentVerdict {
    const { runId, beadId, epoch, headsDigest, permitted } = this.#context;
    const verdict = denied === null ? "granted" : "denied";
    let inputHash = "";
    try {
      inputHash = hashOf(input);
      this.#deps.write({ runId, beadId, toolName: name, inputHash, verdict, permittedTools: permitted, epoch, headsDigest });
    } catch (err) {
      return this.#deny(name, inputHash, `the consent record for ${name} could not be written: ${messageOf(err)}`);
    }
    return denied === null ? { ok: true } : this.#deny(name, inputHash, denied);
  }

  #deny(toolName: string, inputHash: string, reason: string): ConsentVerdict {
    const { runId, beadId, epoch, permitted } = this.#context;
    this.#denials.push({ beadId, runId, toolName, inputHash, permittedTools: [...permitted], reason, epoch });
    return { ok: false, stop: { kind: "denied", message: reason } };
  }
}

/** Digest of a tool's input; a round trip through JSON drops what is undefined, as canonical JSON demands. */
function hashOf(input: unknown): string {
  const text = JSON.stringify(input);
  return digestOf(text === undefined ? null : JSON.parse(text));
}
