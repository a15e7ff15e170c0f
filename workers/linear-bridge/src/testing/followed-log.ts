/** Logs taken into the projection's tables, with what they call for; over real SQLite, without Linear. */
import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import type { SessionEvent } from "@factory/schemas";
import { grammarFor } from "../dispositions/matters.ts";
import type { Intent } from "../projection/intents.ts";
import { reduce } from "../projection/reduce.ts";
import type { ReducerContext } from "../projection/reduce.ts";
import { PROJECTION_MIGRATIONS } from "../projection/schema.ts";
import { ProjectionStore } from "../projection/store.ts";
import { linksTo } from "../projection/texts.ts";
import { idOf, ORG } from "./session-logs.ts";

const TABLES = ["sessions", "directives", "beads", "bindings", "escalations", "divergences", "advisories"] as const;

/** What has been read of sessions' logs. */
export class FollowedLog {
  readonly store: ProjectionStore;
  /** By effect id, in the order in which they were called for. */
  readonly intents = new Map<string, Intent>();
  readonly #storage = new NodeSqliteStorage();
  readonly #context: ReducerContext;
  #escalations = 0;

  constructor(events: readonly SessionEvent[] = []) {
    migrate(this.#storage, PROJECTION_MIGRATIONS);
    this.store = new ProjectionStore(this.#storage);
    const newEscalationId = (): string => idOf("ESC", (this.#escalations += 1));
    this.#context = { org: ORG, view: this.store, links: linksTo("https://factory.example/"), newEscalationId, grammarFor };
    this.take(events);
  }

  /** Takes a part of a log, of which a part may have been taken. Returns what the last event called for. */
  take(events: readonly SessionEvent[]): readonly Intent[] {
    return this.store.transaction(() => events.reduce<readonly Intent[]>((_, event) => this.#takeOne(event), []));
  }

  /** Everything that is called for of one kind. */
  of<D extends Intent["do"]>(kind: D): Extract<Intent, { do: D }>[] {
    return [...this.intents.values()].filter((intent): intent is Extract<Intent, { do: D }> => intent.do === kind);
  }

  /** Every row of every table that logs are taken into. */
  rows(): unknown {
    return TABLES.map((table) => [table, this.#storage.sql.exec(`SELECT * FROM ${table} ORDER BY 1, 2`).toArray()]);
  }

  #takeOne(event: SessionEvent): readonly Intent[] {
    const session = this.store.want(event.sessionId, event.seq);
    const { writes, intents } = reduce(event, session, this.#context);
    this.store.apply(event.sessionId, writes);
    this.store.setCursor(event.sessionId, Math.max(session.cursor, event.seq));
    for (const [index, intent] of intents.entries()) this.intents.set(`${event.sessionId}:${event.seq}:${index}`, intent);
    return intents;
  }
}
