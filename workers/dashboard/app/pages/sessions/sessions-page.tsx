/** Every session: what needs somebody first, live, narrowed by what the address says. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ArrowUp, Layers, PenLine, SearchX } from "lucide-react";
import { useRef, useState } from "react";
import { PageHead } from "../../shell/page-head.tsx";
import { useShortcuts } from "../../shell/shortcuts.ts";
import { Button } from "../../ui/button.tsx";
import { countText } from "../../ui/figure-text.ts";
import { EmptyState, FailedState } from "../../ui/states.tsx";
import { SessionFilters, useSessionCounts } from "./session-filters.tsx";
import { SessionTable, SessionTableSkeleton } from "./session-table.tsx";
import styles from "./sessions.module.css";
import { isNarrowed, type SessionsSearch } from "./sessions-search.ts";
import { useSessionList, type ReadSessions } from "./use-session-list.ts";

/** Scrolled less than this, in pixels, the reader is at the top. */
const TOP_PX = 40;

export function SessionsPage() {
  const search = useSearch({ from: "/sessions" });
  const navigate = useNavigate({ from: "/sessions" });
  const change = (to: Partial<SessionsSearch>): void => void navigate({ search: (before) => ({ ...before, ...to }), replace: true, resetScroll: false });
  const { counts, assemblies } = useSessionCounts(search.assembly);
  const field = useRef<HTMLDivElement>(null);
  const isInside = useRef(false);
  const [lastSeen, setLastSeen] = useState(0);
  const mayMove = (): boolean => window.scrollY < TOP_PX && !isInside.current;
  const sessions = useSessionList(search, mayMove, lastSeen);
  const current = useRows(sessions, field);
  return (
    <>
      <PageHead
        title="Sessions"
        lead={counts === undefined ? " " : countText(counts.total, "session")}
        actions={
          <Link to="/submit" className={styles["submit"]}>
            <PenLine size={15} aria-hidden />
            New work order
          </Link>
        }
      />
      <SessionFilters search={search} onChange={change} counts={counts} assemblies={assemblies} field={field} />
      <Waiting sessions={sessions} />
      <Rows
        sessions={sessions}
        isNarrowed={isNarrowed(search)}
        onClear={() => change({ search: undefined, assembly: undefined, states: undefined, problems: undefined })}
        current={current}
        onSeen={setLastSeen}
        onInside={(inside) => {
          isInside.current = inside;
        }}
      />
    </>
  );
}

/** The row that the keyboard is at, and the keys that move it. */
function useRows({ list }: ReadSessions, field: { readonly current: HTMLDivElement | null }): number | null {
  const navigate = useNavigate();
  const [current, setCurrent] = useState<number | null>(null);
  const rows = list?.rows ?? [];
  const go = (by: 1 | -1) => () => setCurrent((at) => (rows.length === 0 ? null : Math.max(0, Math.min(rows.length - 1, at === null ? 0 : at + by))));
  const open = (): void => {
    const row = current === null ? undefined : rows[current];
    if (row !== undefined) void navigate({ to: "/sessions/$sessionId", params: { sessionId: row.id } });
  };
  useShortcuts("Sessions", [
    { keys: ["j", "ArrowDown"], text: "Next session", run: go(1) },
    { keys: ["k", "ArrowUp"], text: "Session before", run: go(-1) },
    { keys: ["Enter"], text: "Open the session", run: open },
    { keys: ["/"], text: "Search; Esc leaves it", run: () => field.current?.querySelector("input")?.focus() },
  ]);
  return current;
}

/** Says that there is more above without moving what is read. */
function Waiting({ sessions: { list, catchUp } }: { readonly sessions: ReadSessions }) {
  const count = list?.waiting.length ?? 0;
  const show = (): void => {
    catchUp();
    window.scrollTo({ top: 0 });
  };
  return (
    <div className={styles["waiting"]} aria-live="polite">
      {count === 0 ? null : (
        <Button kind="primary" icon={ArrowUp} onPress={show}>
          {count} new
        </Button>
      )}
    </div>
  );
}

type RowsProps = {
  readonly sessions: ReadSessions;
  readonly isNarrowed: boolean;
  readonly onClear: () => void;
  readonly current: number | null;
  readonly onSeen: (lastIndex: number) => void;
  readonly onInside: (inside: boolean) => void;
};

function Rows({
  sessions: { list, isChanging, error, isLoadingMore, loadMore, askAgain },
  isNarrowed: narrowed,
  onClear,
  current,
  onSeen,
  onInside,
}: RowsProps) {
  if (list === undefined) {
    return error === undefined ? <SessionTableSkeleton /> : <FailedState title="The sessions cannot be read" message={error} onRetry={askAgain} />;
  }
  if (list.rows.length === 0) return narrowed ? <NoneFits onClear={onClear} /> : <NoneYet />;
  return (
    <>
      <SessionTable rows={list.rows} gone={list.gone} isChanging={isChanging} current={current} onSeen={onSeen} onInside={onInside} />
      <div className={styles["foot"]}>
        {error === undefined ? null : (
          <p role="alert" className={styles["error"]}>
            {error}
          </p>
        )}
        {list.next === null ? null : (
          <Button onPress={loadMore} isDisabled={isLoadingMore}>
            {isLoadingMore ? "Loading" : "Load more"}
          </Button>
        )}
      </div>
    </>
  );
}

function NoneYet() {
  return (
    <EmptyState icon={Layers} title="No session yet">
      A session begins with a work order. <Link to="/submit">Write one</Link>, or send one with <code>npx factory submit examples/order-pricing.md</code>.
    </EmptyState>
  );
}

function NoneFits({ onClear }: { readonly onClear: () => void }) {
  return (
    <>
      <EmptyState icon={SearchX} title="No session fits the filters">
        There may be others under other filters.
      </EmptyState>
      <div className={styles["foot"]}>
        <Button onPress={onClear}>Clear the filters</Button>
      </div>
    </>
  );
}
