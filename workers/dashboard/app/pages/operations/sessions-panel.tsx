/** The open sessions and how their objects do. One of them is open beneath the table. */
import { Link } from "@tanstack/react-router";
import { ObjectStanding, type OperationsResponse, type SessionOperations } from "@factory/schemas/proto";
import { Layers } from "lucide-react";
import { countText } from "../../ui/figure-text.ts";
import { Age, Bytes } from "../../ui/figures.tsx";
import { Panel } from "../../ui/panel.tsx";
import { SessionBadge } from "../../ui/state-badges.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import { LevelBadge } from "./level-badge.tsx";
import { verdictOf, type Finding } from "./operations-findings.ts";
import { instantOf, msOf, shortId, UNKNOWN } from "./operations-text.ts";
import { OutboxCell } from "./outbox-cell.tsx";
import type { Level } from "./operations-thresholds.ts";
import styles from "./sessions-panel.module.css";
import { useSessionTitles } from "./use-session-titles.ts";

export type SessionsPanelProps = { readonly answer: OperationsResponse; readonly findings: readonly Finding[]; readonly open: string | undefined };

export function SessionsPanel({ answer, findings, open }: SessionsPanelProps) {
  const { sessions, moreSessions } = answer;
  const titles = useSessionTitles(sessions.map(({ sessionId }) => sessionId));
  const now = msOf(answer.askedAt) ?? Date.now();
  const count = `${moreSessions ? "the newest " : ""}${sessions.length}`;
  return (
    <Panel title="Open sessions" flush actions={<span className={styles["count"]}>{sessions.length === 0 ? null : count}</span>}>
      {sessions.length === 0 ? (
        <EmptyState icon={Layers} title="No session is open">
          Sessions are listed here until they end. <Link to="/submit">Submit a work order</Link> to open one.
        </EmptyState>
      ) : (
        <div className={styles["sessions"]}>
          <Table
            label="Open sessions, newest first"
            columns={columnsOf({ titles, findings, open, now })}
            rows={sessions}
            rowKey={({ sessionId }) => sessionId}
          />
        </div>
      )}
      {moreSessions ? (
        <p className={styles["more"]}>
          More sessions are open than the {countText(sessions.length, "session")} that are asked; the figures above are without them.
        </p>
      ) : null}
    </Panel>
  );
}

type ColumnsOf = {
  readonly titles: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
  readonly open: string | undefined;
  readonly now: number;
};

const columnsOf = ({ titles, findings, open, now }: ColumnsOf): readonly Column<SessionOperations>[] => [
  { id: "session", head: "Session", cell: ({ sessionId }) => <SessionLink id={sessionId} title={titles.get(sessionId)} isOpen={sessionId === open} /> },
  { id: "state", head: "State", cell: ({ state }) => (state === undefined ? UNKNOWN : <SessionBadge state={state} />) },
  { id: "health", head: "Health", cell: (session) => <LevelBadge level={sessionLevel(session, findings)} /> },
  { id: "objects", head: "Objects", kind: "number", cell: ({ objects }) => answeredText(objects) },
  { id: "leases", head: "Leases", kind: "number", cell: leasesText },
  { id: "outbox", head: "Outbox", cell: ({ outbox }) => <OutboxCell outbox={outbox} now={now} /> },
  { id: "lag", head: "Read model", cell: ({ lag }) => <Lag lag={lag} /> },
  { id: "storage", head: "Storage", kind: "number", cell: ({ objects }) => <Bytes bytes={bytesOf(objects)} /> },
];

function SessionLink({ id, title, isOpen }: { readonly id: string; readonly title: string | undefined; readonly isOpen: boolean }) {
  return (
    <div className={styles["session"]}>
      <Link to="/operations" search={isOpen ? {} : { session: id }} resetScroll={false} aria-expanded={isOpen} className={styles["link"]}>
        {title ?? id}
      </Link>
      <span title={id}>{shortId(id)}</span>
    </div>
  );
}

/** A session that no object is told of is not known to be well. */
function sessionLevel({ sessionId, objects }: SessionOperations, findings: readonly Finding[]): Level {
  return objects.length === 0 ? "unknown" : verdictOf(findings.filter((finding) => finding.sessionId === sessionId));
}

/** "3 of 3"; those never used are not counted, since they were not asked. */
function answeredText(objects: SessionOperations["objects"]): string {
  const asked = objects.filter(({ standing }) => standing !== ObjectStanding.NEVER_USED);
  return `${asked.filter(({ standing }) => standing === ObjectStanding.ANSWERED).length} of ${asked.length}`;
}

function leasesText({ leasesHeld, leasesExpired }: SessionOperations): string {
  if (leasesHeld === undefined) return UNKNOWN;
  return (leasesExpired ?? 0) === 0 ? String(leasesHeld) : `${leasesHeld}, ${leasesExpired} expired`;
}

function Lag({ lag }: { readonly lag: SessionOperations["lag"] }) {
  if (lag?.tipSeq === undefined) return UNKNOWN;
  const behind = Number(lag.tipSeq - lag.seq);
  return (
    <span className={styles["lag"]}>
      {behind <= 0 ? `at ${lag.tipSeq}` : `${countText(behind, "event")} behind ${lag.tipSeq}`}
      <small>
        <Age at={instantOf(lag.updatedAt)} />
      </small>
    </span>
  );
}

/** Of the objects that answered; null when none did. */
function bytesOf(objects: SessionOperations["objects"]): number | null {
  const sizes = objects.flatMap(({ storageBytes }) => (storageBytes === undefined ? [] : [Number(storageBytes)]));
  return sizes.length === 0 ? null : sizes.reduce((sum, size) => sum + size, 0);
}
