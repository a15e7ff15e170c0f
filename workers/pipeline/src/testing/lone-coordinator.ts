/** A coordinator over real storage with neighbours that take everything and keep nothing, for what it costs by itself. */
import { Scheduler, consoleLog, startRealTimeout } from "@factory/durable";
import { eventsOfText } from "@factory/schemas";
import { MemoryBlobStore } from "@factory/workspace";
import type { ClaimedBead } from "@factory/schemas/rpc";
import { Coordinator } from "../coordinator/coordinator.ts";
import { HEADS, complete } from "./builders.ts";
import { wideFile } from "./wide-seed.ts";

const CONTENT = new TextEncoder().encode("export const unit = 1;\n");

/** The coordinator and what its agents bring back. */
export type LoneCoordinator = {
  readonly coordinator: Coordinator;
  /** The outcome of a bead of a wide seed that wrote its file. */
  readonly outcomeOf: (bead: ClaimedBead) => ReturnType<typeof complete>;
};

/** Opens a coordinator on an object's storage. Its checks have to be such that no sandbox is asked. */
export async function loneCoordinator(storage: DurableObjectStorage): Promise<LoneCoordinator> {
  const shared = { storage, log: consoleLog(), now: Date.now, random: Math.random };
  const blobs = new MemoryBlobStore();
  const digest = await blobs.put(CONTENT);
  const ok = async (): Promise<{ readonly ok: true }> => ({ ok: true });
  const tip = { lastSeq: 0, rootHash: "", closed: false, archived: false };
  const coordinator = new Coordinator({
    ...shared,
    // Timers stay rows: what an alarm would do is not part of a call's cost.
    scheduler: new Scheduler({ ...shared, timer: { getAlarm: async () => null, setAlarm: async () => undefined, deleteAlarm: async () => undefined } }),
    neighbours: {
      graph: () => ({ append: async () => ({ ok: true, written: 1 }) }),
      knowingState: () => ({ write: async ({ id }) => ({ ok: true, beadId: id, auditBeadId: id }), heads: async () => HEADS }),
      sessionLog: () => ({ appendText: async (_identity, text) => ({ ok: true, appended: eventsOfText(text).length, tip }) }),
      session: () => ({ report: ok }),
      capacity: () => ({ request: async ({ want }) => ({ slots: want, until: Date.now() + 60 * 60_000 }) }),
      wake: async () => undefined,
    },
    blobs,
    sandbox: { check: () => Promise.reject(new Error("No check of these runs needs a sandbox.")) },
    isFor: () => true,
    sleep: async () => undefined,
    startTimeout: startRealTimeout,
    background: (work) => void work.catch(() => undefined),
  });
  const outcomeOf = (bead: ClaimedBead): ReturnType<typeof complete> => {
    const path = wideFile(bead.directive.title);
    return complete(bead, [{ path, baseDigest: bead.tree[path] ?? null, digest, bytes: CONTENT.length }]);
  };
  return { coordinator, outcomeOf };
}
