/** The gate before every tool call: a record is written first, and what has no record does not run. See `domain.md` 4. */
import { messageOf } from "@factory/durable";
import { digestOf } from "@factory/schemas";
import type { EventPayload } from "@factory/schemas";
import type { ConsentRecord } from "./operative-store.ts";

export type ConsentDenial = EventPayload<"CONSENT_BEAD_DENIED">;

/** What a gate needs. */
export interface ConsentGateDeps {
  /** Writes a record; a throw denies the call. */
  readonly write: (record: ConsentRecord) => void;
}

/** The lease and the knowing-state the calls are made under. */
export type ConsentContext = {
  readonly runId: string;
  readonly beadId: string;
  readonly epoch: number;
  readonly headsDigest: string;
  /** Tools that the directive permits, the consent grants and the registry has. */
  readonly permitted: readonly string[];
};

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

  /** Records a call and answers whether it may run. */
  authorise(toolName: string, input: unknown): { readonly ok: true } | { readonly ok: false; readonly message: string } {
    const { runId, beadId, epoch, headsDigest, permitted } = this.#context;
    const name = toolName.slice(0, MAX_TOOL_NAME_CHARS);
    const verdict = this.permits(toolName) ? "granted" : "denied";
    let inputHash = "";
    try {
      inputHash = hashOf(input);
      this.#deps.write({ runId, beadId, toolName: name, inputHash, verdict, permittedTools: permitted, epoch, headsDigest });
    } catch (err) {
      return this.#deny(name, inputHash, `the consent record for ${name} could not be written: ${messageOf(err)}`);
    }
    return verdict === "granted" ? { ok: true } : this.#deny(name, inputHash, `the tool ${name} is not among those permitted and granted`);
  }

  #deny(toolName: string, inputHash: string, reason: string): { readonly ok: false; readonly message: string } {
    const { runId, beadId, epoch, permitted } = this.#context;
    this.#denials.push({ beadId, runId, toolName, inputHash, permittedTools: [...permitted], reason, epoch });
    return { ok: false, message: reason };
  }
}

/** Digest of a tool's input; a round trip through JSON drops what is undefined, as canonical JSON demands. */
function hashOf(input: unknown): string {
  const text = JSON.stringify(input);
  return digestOf(text === undefined ? null : JSON.parse(text));
}
