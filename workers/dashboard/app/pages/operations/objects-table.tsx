/** Durable Objects and what each says of itself. */
import { ObjectStanding, type DurableObjectHealth } from "@factory/schemas/proto";
import { CopyButton } from "../../ui/code.tsx";
import { countText } from "../../ui/figure-text.ts";
import { Age, Bytes } from "../../ui/figures.tsx";
import { wordsOf } from "../../ui/state-badges.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import { LevelBadge } from "./level-badge.tsx";
import { objectLevel, troublesOf } from "./object-troubles.ts";
import styles from "./objects-table.module.css";
import { instantOf, objectTitle, UNKNOWN } from "./operations-text.ts";
import { OutboxCell } from "./outbox-cell.tsx";

export type ObjectsTableProps = {
  readonly label: string;
  readonly objects: readonly DurableObjectHealth[];
  /** When they were asked, epoch milliseconds. */
  readonly now: number;
};

export function ObjectsTable({ label, objects, now }: ObjectsTableProps) {
  return <Table label={label} columns={columnsAt(now)} rows={objects} rowKey={({ name }) => name} />;
}

const columnsAt = (now: number): readonly Column<DurableObjectHealth>[] => [
  { id: "object", head: "Object", cell: (object) => <ObjectCell object={object} now={now} /> },
  { id: "state", head: "State", cell: (object) => <Standing object={object} now={now} /> },
  { id: "storage", head: "Storage", kind: "number", cell: ({ storageBytes }) => <Bytes bytes={storageBytes === undefined ? null : Number(storageBytes)} /> },
  { id: "outbox", head: "Outbox", cell: ({ outbox }) => <OutboxCell outbox={outbox} now={now} /> },
  { id: "leases", head: "Leases", kind: "number", cell: ({ leases }) => (leases.length === 0 ? UNKNOWN : leases.length) },
  { id: "alarm", head: "Next alarm", cell: ({ nextAlarm }) => <Age at={instantOf(nextAlarm)} /> },
  { id: "schema", head: "Schema", cell: ({ schemaVersion }) => <span className={styles["code"]}>{schemaVersion ?? UNKNOWN}</span> },
];

function ObjectCell({ object, now }: { readonly object: DurableObjectHealth; readonly now: number }) {
  const troubles = troublesOf(object, now);
  return (
    <div className={styles["object"]}>
      <span className={styles["title"]}>
        <strong>{objectTitle(object)}</strong>
        <CopyButton text={object.name} label={`Copy ${object.name}`} />
      </span>
      <span className={styles["name"]}>{object.name}</span>
      {troubles.map(({ level, text, remedy }) => (
        <p key={text} className={styles["trouble"]} data-level={level} title={remedy}>
          It {text}.
        </p>
      ))}
      {object.lastError === undefined ? null : <p className={styles["error"]}>Last failure: {object.lastError}</p>}
      {object.failingTimers.map(({ name, failures, dueAt }) => (
        <p key={name} className={styles["error"]}>
          Timer {name} failed {countText(failures, "time")}, again <Age at={instantOf(dueAt)} />
        </p>
      ))}
    </div>
  );
}

function Standing({ object, now }: { readonly object: DurableObjectHealth; readonly now: number }) {
  const { standing, state } = object;
  const told = standing === ObjectStanding.NEVER_USED ? "never used" : standing === ObjectStanding.SILENT ? "silent" : wordsOf(state ?? "");
  return (
    <div className={styles["standing"]}>
      <span>{told === "" ? UNKNOWN : told}</span>
      {standing === ObjectStanding.NEVER_USED ? null : <LevelBadge level={objectLevel(object, now)} />}
    </div>
  );
}
