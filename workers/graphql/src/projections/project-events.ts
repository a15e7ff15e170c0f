/** From events of one log to rows of the read model: pure, whatever the log is cut into. */
import { FactoryError, isTerminalKind } from "@factory/schemas";
import type { SessionEvent } from "@factory/schemas";
import { factsOf, UnreadableEvent, viewOf, type Fact } from "./facts.ts";
import { joinRows, TABLE_SHAPES, type Cell, type Row, type TableName, type TableShape } from "./read-model.ts";

/** Longest reason of a quarantine, in UTF-16 code units. */
const MAX_REASON_CHARS = 500;

/** Rows of one page of a log, each key once; `fromSeq` is the cursor the page follows. */
export type Projection = {
  readonly org: string;
  readonly sessionId: string;
  readonly fromSeq: number;
  readonly lastSeq: number;
  /** True when the page ends with the log's terminal event. */
  readonly closed: boolean;
  readonly rows: ReadonlyMap<TableName, readonly Row[]>;
  /** Events of the page that could not be read. */
  readonly quarantined: number;
};

/** Whose log it is. */
export type LogOwner = { readonly org: string; readonly sessionId: string };

/**
 * Rows that a page says. An event that cannot be read is a row of `quarantinedEvents` and stops no other.
 *
 * @param fromSeq - cursor that the page follows
 * @param events - gapless from `fromSeq + 1` on
 * @throws FactoryError INTEGRITY for a gap, an event of another session, or no event at all: a gap never becomes rows.
 */
export function projectEvents(owner: LogOwner, fromSeq: number, events: readonly SessionEvent[]): Projection {
  const { org, sessionId } = owner;
  const tables = new Map<TableName, Map<string, Row>>();
  let quarantined = 0;
  for (const [index, event] of events.entries()) {
    checkPlace(owner, event, fromSeq + index + 1);
    const facts = readable(event);
    if (facts.quarantined) quarantined += 1;
    for (const { table, row } of facts.rows) {
      const rows = tables.get(table) ?? new Map<string, Row>();
      tables.set(table, rows);
      enter(rows, TABLE_SHAPES[table], { sessionId, org, seq: event.seq, ...row });
    }
  }
  const last = events.at(-1);
  if (last === undefined) throw new FactoryError("INTEGRITY", `A page of the log of ${sessionId} has no events.`);
  const rows = new Map([...tables].map(([name, byKey]) => [name, [...byKey.values()]]));
  return { org, sessionId, fromSeq, lastSeq: last.seq, closed: isTerminalKind(last.kind), rows, quarantined };
}

type Readable = { readonly quarantined: boolean; readonly rows: readonly Fact[] };

function readable(event: SessionEvent): Readable {
  try {
    return { quarantined: false, rows: factsOf(event) };
  } catch (err) {
    if (!(err instanceof UnreadableEvent)) throw err;
    const { eventId, kind, occurredAt } = event;
    return {
      quarantined: true,
      rows: [
        { table: "sessionViews", row: viewOf(event) },
        { table: "quarantinedEvents", row: { eventId, kind, reason: err.message.slice(0, MAX_REASON_CHARS), occurredAt } },
      ],
    };
  }
}

function checkPlace({ sessionId }: LogOwner, event: SessionEvent, expected: number): void {
  if (event.seq !== expected) throw new FactoryError("INTEGRITY", `The log of ${sessionId} gave seq ${event.seq} where ${expected} was due.`);
  if (event.sessionId !== sessionId) throw new FactoryError("INTEGRITY", `The log of ${sessionId} gave an event of ${event.sessionId}.`);
}

function enter(rows: Map<string, Row>, shape: TableShape, said: Row): void {
  const row = storable(said);
  const key = shape.key.map((field) => row[field]).join("\0");
  const older = rows.get(key);
  rows.set(key, older === undefined ? row : joinRows(shape, older, row));
}

/** SQLite's text ends at a NUL, which is therefore shown as the replacement character. */
function storable(row: Row): Row {
  if (!Object.values(row).some((cell) => typeof cell === "string" && cell.includes("\0"))) return row;
  const shown = (cell: Cell): Cell => (typeof cell === "string" ? cell.replaceAll("\0", "\uFFFD") : cell);
  return Object.fromEntries(Object.entries(row).map(([field, cell]) => [field, shown(cell)]));
}
