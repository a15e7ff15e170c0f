/** The session's log, every event in words. */
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { X } from "lucide-react";
import { errorText } from "../../../data/error-text.ts";
import { Button } from "../../../ui/button.tsx";
import { FilterChips } from "../../../ui/filter-chips.tsx";
import { countText } from "../../../ui/figure-text.ts";
import { Panel } from "../../../ui/panel.tsx";
import { FailedState } from "../../../ui/states.tsx";
import { useSessionView } from "../session-view.tsx";
import { EVENT_GROUPS, type EventGroup } from "./event-groups.ts";
import type { LogRows } from "./log-rows.ts";
import { TimelineList } from "./timeline-list.tsx";
import styles from "./timeline-tab.module.css";
import { useLogRows } from "./use-log-rows.ts";

const route = getRouteApi("/sessions/$sessionId/timeline");
const NO_GROUPS: readonly EventGroup[] = [];

export function TimelineTab() {
  const { groups = NO_GROUPS, bead, at } = route.useSearch();
  const { model } = useSessionView();
  const rows = useLogRows(groups, bead ?? null);
  const isFiltered = groups.length > 0 || bead !== undefined;
  return (
    <Panel title="Timeline" flush actions={<span className={styles["count"]}>{statusText(rows, isFiltered, model.closed)}</span>}>
      <Filters groups={groups} bead={bead} />
      {rows.error === null ? null : <FailedState title="The log could not be read" message={errorText(rows.error)} onRetry={() => rows.retry()} />}
      <TimelineList key={`${groups.join(" ")}|${bead ?? ""}`} rows={rows} beginAt={isFiltered ? null : (at ?? null)} isClosed={model.closed} />
    </Panel>
  );
}

function statusText(rows: LogRows, isFiltered: boolean, isClosed: boolean): string {
  const { readToSeq, tip, count } = rows;
  if (readToSeq !== null && readToSeq < tip) return `${countText(count, "event")}, read to ${readToSeq.toLocaleString()} of ${tip.toLocaleString()}`;
  return `${countText(count, "event")}${isFiltered ? ` of ${tip.toLocaleString()}` : ""} · ${isClosed ? "the log is closed" : "following"}`;
}

function Filters({ groups, bead }: { readonly groups: readonly EventGroup[]; readonly bead: string | undefined }) {
  const navigate = useNavigate({ from: "/sessions/$sessionId/timeline" });
  const { model } = useSessionView();
  const show = (change: { groups?: EventGroup[] | undefined; bead?: string | undefined }): void =>
    void navigate({ search: (before) => ({ ...before, at: undefined, ...change }), replace: true });
  return (
    <div className={styles["filters"]}>
      <FilterChips
        label="Kinds of events"
        choices={EVENT_GROUPS}
        value={groups}
        onChange={(chosen) => show({ groups: chosen.length === 0 ? undefined : chosen })}
      />
      {bead === undefined ? null : (
        <Button kind="quiet" icon={X} onPress={() => show({ bead: undefined })} aria-label="Events of every bead">
          {model.beads.get(bead)?.title ?? bead}
        </Button>
      )}
    </div>
  );
}
