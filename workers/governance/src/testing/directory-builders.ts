/** A directory over real SQLite with a store that tests read, and what is asked of it. */
import { migrate, Outbox, Scheduler } from "@factory/durable";
import { ManualAlarm, ManualClock, MemoryLog, NodeSqliteStorage } from "@factory/durable/testing";
import type { DirectoryActor, NewApiKeyRequest } from "@factory/schemas/rpc";
import { ORG_DIRECTORY_MIGRATIONS } from "../directory/directory-schema.ts";
import { OrgDirectory } from "../directory/directory.ts";
import type { NewMember } from "../directory/member-book.ts";
import { publish } from "../directory/publishing.ts";

/** Who changes things in tests. */
export const ACTOR: DirectoryActor = { principalId: "alice", person: "alice", requestId: "req-1" };

/** A store of records as KV is, in memory of the test. */
export class RecordShelf {
  readonly records = new Map<string, string>();
  /** What writing throws while it is there. */
  failure: Error | undefined;

  /** The part of KV that publishing uses. */
  readonly store = {
    get: async (key: string) => {
      const text = this.records.get(key);
      return text === undefined ? null : (JSON.parse(text) as unknown);
    },
    put: async (key: string, value: string) => {
      if (this.failure !== undefined) throw this.failure;
      this.records.set(key, value);
    },
    delete: async (key: string) => {
      if (this.failure !== undefined) throw this.failure;
      this.records.delete(key);
    },
  };

  /** A record, parsed. */
  read(key: string): unknown {
    const text = this.records.get(key);
    return text === undefined ? null : JSON.parse(text);
  }
}

/** A directory with its outbox, as the object has it. */
export function aDirectory(org = "acme", shelf = new RecordShelf(), storage = new NodeSqliteStorage()) {
  const clock = new ManualClock();
  const log = new MemoryLog();
  migrate(storage, ORG_DIRECTORY_MIGRATIONS);
  const shared = { storage, log, now: clock.now, random: () => 0.5 };
  const scheduler = new Scheduler({ ...shared, timer: new ManualAlarm() });
  const parked: string[] = [];
  const outbox: Outbox = new Outbox({
    ...shared,
    scheduler,
    // The cast holds for what `publish` calls: KV's overloads speak of more.
    deliver: (_target, effects) => publish(directory, shelf.store as unknown as KVNamespace, effects),
    onParked: ({ lane }) => void parked.push(lane),
    limits: { maxAttempts: Number.MAX_SAFE_INTEGER },
    whenParked: "skip",
  });
  const directory: OrgDirectory = new OrgDirectory({ storage, org, outbox, now: clock.now });
  return { directory, outbox, shelf, clock, storage, log, parked };
}

/** A founded organisation with an admin. */
export function aFoundedDirectory(...parameters: Parameters<typeof aDirectory>) {
  const world = aDirectory(...parameters);
  world.directory.found("Acme", ACTOR);
  world.directory.putMember(aMember({ memberId: "alice", roles: ["admin"] }), ACTOR);
  return world;
}

export function aMember(changes: Partial<NewMember> = {}): NewMember {
  return { memberId: "bob", name: "Bob", roles: ["operator"], oidcSubject: null, linearUserId: null, ...changes };
}

export function aKeyRequest(changes: Partial<NewApiKeyRequest> = {}): NewApiKeyRequest {
  return { label: "laptop", principalId: "bob", memberId: "bob", scopes: ["session:read"], expiresAt: null, ...changes };
}
