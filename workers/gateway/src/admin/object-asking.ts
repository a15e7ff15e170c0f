/** Asks Durable Objects for their health: a few at once, each within a time of its own, all within the call's. */
import { messageOf, startRealTimeout, withDeadline } from "@factory/durable";
import { objectName } from "@factory/schemas";
import type { HealthKind, ObjectHealth, SessionNeighbours } from "@factory/schemas/rpc";
import { abortable } from "../abortable.ts";
import type { GatewayDeps } from "../deps.ts";
import type { CallScope } from "../sessions.ts";

/** How long an object may take, in milliseconds: one that has to be woken takes tens. */
const ASK_DEADLINE_MS = 3_000;
/** After this time of a call no further object is asked, in milliseconds: a page waits for the answer. */
const CALL_BUDGET_MS = 15_000;
/** Objects asked at once: a Worker may have six connections open. */
const SIDE_BY_SIDE = 6;

/** Every kind of object there is to ask. */
export type ObjectKindName = HealthKind | "session" | "linearProjection";

/** What an object, or the Worker that asks it, answers; null of one that is not there. */
type Answer = Promise<ObjectHealth | null>;
type Asked = Pick<GatewayDeps, "sessionHealth" | "objectHealth" | "projections" | "now">;

/** An object as it answered, or why it did not. */
export type AskedObject = { readonly kind: ObjectKindName; readonly name: string } & (
  | { readonly standing: "answered"; readonly health: ObjectHealth }
  | { readonly standing: "never-used" }
  | { readonly standing: "silent"; readonly problem: string }
);

/** A session as it answered, with the objects it has called; null where it did not answer. */
export type AskedSession = { readonly object: AskedObject; readonly neighbours: SessionNeighbours | null };

/** Asks within one call. */
export class ObjectAsker {
  readonly #deps: Asked;
  readonly #scope: CallScope;
  readonly #startedAt: number;
  readonly #waiting: (() => void)[] = [];
  #asking = 0;

  constructor(deps: Asked, scope: CallScope) {
    this.#deps = deps;
    this.#scope = scope;
    this.#startedAt = deps.now();
  }

  /** An object of the caller's org that is known to have been used; one that is not is not asked, since asking would make it. */
  async object(kind: HealthKind, name: string, used = true): Promise<AskedObject> {
    if (!used) return { kind, name, standing: "never-used" };
    return this.#ask(kind, name, () => this.#deps.objectHealth(kind, name).objectHealth());
  }

  /** What writes the caller's org's issues in Linear; its Worker knows whether there is one. */
  async linearProjection(): Promise<AskedObject> {
    const { org } = this.#scope.principal;
    return this.#ask("linearProjection", objectName.linearProjection(org), () => this.#deps.projections.projectionHealth(org));
  }

  /** A session of the caller's org. */
  async session(sessionId: string): Promise<AskedSession> {
    const { org } = this.#scope.principal;
    let neighbours: SessionNeighbours | null = null;
    const object = await this.#ask("session", objectName.session(org, sessionId), async () => {
      const answer = await this.#deps.sessionHealth(org, sessionId).objectHealth();
      ({ neighbours } = answer);
      return answer;
    });
    return { object, neighbours };
  }

  async #ask(kind: ObjectKindName, name: string, ask: () => Answer): Promise<AskedObject> {
    await this.#turn();
    try {
      if (this.#deps.now() - this.#startedAt >= CALL_BUDGET_MS) {
        return { kind, name, standing: "silent", problem: `It was not asked: others had taken ${CALL_BUDGET_MS} ms.` };
      }
      const asked = withDeadline(name, ASK_DEADLINE_MS, async () => ask(), startRealTimeout);
      const health = await abortable(this.#scope.signal, asked);
      // An object without tables is none yet: its first use makes them.
      return health === null || health.schemaVersion === null ? { kind, name, standing: "never-used" } : { kind, name, standing: "answered", health };
    } catch (err) {
      this.#scope.signal.throwIfAborted();
      return { kind, name, standing: "silent", problem: messageOf(err) };
    } finally {
      this.#pass();
    }
  }

  async #turn(): Promise<void> {
    if (this.#asking >= SIDE_BY_SIDE) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#asking += 1;
  }

  /** Who waits longest takes the place over, so that it is never free in between. */
  #pass(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#asking -= 1;
    else next();
  }
}
