/** When API keys were used last: noted here, told to the directory at most once a minute and key by each isolate. */
import type { AuthenticatedPrincipal } from "@factory/governance";
import type { OrgDirectoryRpc } from "@factory/schemas/rpc";

/** Between two notes of one key, in milliseconds: what is shown of a use is as exact. */
const NOTE_EVERY_MS = 60_000;
/** Keys that one isolate remembers; one that is forgotten is noted once more. */
const MAX_KEYS = 10_000;

/** What noting needs of its surroundings. */
export interface KeyUsesDeps {
  directory(org: string): Pick<OrgDirectoryRpc, "used">;
  /** Does work that nobody waits for, and logs what goes wrong with it: a use that is lost is no harm. */
  background(label: string, work: () => Promise<void>): void;
}

/** Notes uses of keys. One an isolate. */
export class KeyUses {
  readonly #deps: KeyUsesDeps;
  /** Not persisted: when each key was noted last, in epoch milliseconds, by its digest. */
  readonly #noted = new Map<string, number>();

  constructor(deps: KeyUsesDeps) {
    this.#deps = deps;
  }

  /**
   * @param digest - SHA-256 of the key, in hexadecimal
   * @param nowMs - clock in epoch milliseconds
   */
  note({ org }: Pick<AuthenticatedPrincipal, "org">, digest: string, nowMs: number): void {
    const last = this.#noted.get(digest);
    if (last !== undefined && nowMs - last < NOTE_EVERY_MS) return;
    this.#noted.delete(digest);
    this.#noted.set(digest, nowMs);
    const [eldest] = this.#noted.keys();
    if (this.#noted.size > MAX_KEYS && eldest !== undefined) this.#noted.delete(eldest);
    this.#deps.background("gateway.keyUse", () => this.#deps.directory(org).used([{ digest, at: nowMs }]));
  }
}
