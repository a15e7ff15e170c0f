/** The rows of the timeline as React sees them. */
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { useClient } from "urql";
import { useEventsSince, useSessionView } from "../session-view.tsx";
import { kindsOf, type EventGroup } from "./event-groups.ts";
import { FilteredLog, WholeLog, type LogRows } from "./log-rows.ts";
import { askLogOf, passesFilter, type LogFilter } from "./timeline-query.ts";

/** Rows of the log that pass; another filter begins with nothing read. */
export function useLogRows(groups: readonly EventGroup[], beadId: string | null): LogRows {
  const client = useClient();
  const { sessionId, session, model } = useSessionView();
  const live = useEventsSince();
  const shown = groups.join(" ");
  const rows = useMemo(() => {
    const filter: LogFilter = { kinds: kindsOf(groups), beadId };
    const ask = askLogOf(client, sessionId, filter);
    return filter.kinds === null && filter.beadId === null ? new WholeLog(ask) : new FilteredLog(ask, (event) => passesFilter(filter, event));
    // The groups by their names: the address gives another array each time.
  }, [client, sessionId, shown, beadId]);
  const tipSeq = Math.max(model.seq, session.tipSeq ?? 0);
  useEffect(() => rows.take(live, tipSeq), [rows, live, tipSeq]);
  useSyncExternalStore(rows.subscribe, rows.version);
  return rows;
}
