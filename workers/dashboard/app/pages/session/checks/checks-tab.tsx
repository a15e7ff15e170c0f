/** Every check that the platform ran, and what the gates made of them. */
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { ListChecks } from "lucide-react";
import { useMemo } from "react";
import { errorText } from "../../../data/error-text.ts";
import { useAllPages } from "../../../data/use-all-pages.ts";
import { FilterChips } from "../../../ui/filter-chips.tsx";
import { Select } from "../../../ui/select.tsx";
import { countText } from "../../../ui/figure-text.ts";
import { Panel } from "../../../ui/panel.tsx";
import { EmptyState, FailedState, SkeletonLines } from "../../../ui/states.tsx";
import { useEventSignal, useSessionView, useSignalledQuery } from "../session-view.tsx";
import { CheckGroupList } from "./check-group-list.tsx";
import { checkRows, groupsByBead, groupsByClaim, narrowed, type CheckRow } from "./check-groups.ts";
import { BEAD_CHECKS, BEADS_PER_PAGE, CHECKED_CLAIMS, CHECK_KINDS, type CheckedBead } from "./checks-query.ts";
import type { ChecksOnly } from "./checks-search.ts";
import styles from "./checks-tab.module.css";
import { GatesPanel } from "./gates-panel.tsx";

const route = getRouteApi("/sessions/$sessionId/checks");
const NOTHING: readonly ChecksOnly[] = [];
const NO_BEADS: readonly CheckedBead[] = [];

export function ChecksTab() {
  const { sessionId } = useSessionView();
  const { by = "bead", only = NOTHING } = route.useSearch();
  const signal = useEventSignal(CHECK_KINDS);
  const { nodes, complete, error, retry } = useAllPages({
    query: BEAD_CHECKS,
    key: sessionId,
    signal,
    variables: (after) => ({ sessionId, first: BEADS_PER_PAGE, after }),
    connectionOf: ({ session }) => session?.beads ?? null,
  });
  const [{ data: claimData }] = useSignalledQuery(CHECKED_CLAIMS, { sessionId }, CHECK_KINDS);
  const beads = nodes ?? NO_BEADS;
  const rows = useMemo(() => checkRows(beads), [beads]);
  const claims = claimData?.session?.claims;
  const groups = useMemo(() => {
    const shown = narrowed(rows, only);
    return by === "bead" ? groupsByBead(shown, beads) : groupsByClaim(shown, claims ?? []);
  }, [rows, beads, claims, by, only]);
  return (
    <div className={styles["tab"]}>
      <Panel title="Checks" flush actions={<span className={styles["sum"]}>{sumText(rows, nodes !== null, complete)}</span>}>
        <Narrowing by={by} only={only} rows={rows} />
        {error === null ? null : <FailedState title="The checks could not be read" message={errorText(error)} onRetry={retry} />}
        {nodes === null && error === null ? <SkeletonLines lines={8} label="Loading the checks" /> : null}
        {nodes !== null && complete && groups.length === 0 ? <NoChecks isNarrowed={only.length > 0 && rows.length > 0} /> : null}
        <CheckGroupList key={by} groups={groups} />
      </Panel>
      <GatesPanel />
    </div>
  );
}

function sumText(rows: readonly CheckRow[], isRead: boolean, isComplete: boolean): string {
  if (!isRead) return "";
  const failed = rows.filter(({ ok }) => !ok);
  const failing = failed.filter(({ isLast }) => isLast).length;
  const before = failed.length - failing;
  const told = [failing === 0 ? "" : `${failing} failed`, before === 0 ? "" : `${before} failed in an earlier attempt`].filter((text) => text !== "");
  const end = told.length === 0 ? "all passed" : told.join(", ");
  return `${countText(rows.length, "check")}${rows.length === 0 ? "" : ` · ${end}`}${isComplete ? "" : " · reading on"}`;
}

function NoChecks({ isNarrowed }: { readonly isNarrowed: boolean }) {
  return isNarrowed ? (
    <EmptyState icon={ListChecks} title="No check is like that">
      Turn the filters above off to see all of them.
    </EmptyState>
  ) : (
    <EmptyState icon={ListChecks} title="Nothing was checked yet">
      The platform runs checks on what a bead brings; they appear here with the first bead that is handed in.
    </EmptyState>
  );
}

type NarrowingProps = { readonly by: "bead" | "claim"; readonly only: readonly ChecksOnly[]; readonly rows: readonly CheckRow[] };

function Narrowing({ by, only, rows }: NarrowingProps) {
  const navigate = useNavigate({ from: "/sessions/$sessionId/checks" });
  return (
    <div className={styles["narrowing"]}>
      <Select
        label="Put together"
        choices={[
          { id: "bead", text: "By bead" },
          { id: "claim", text: "By claim" },
        ]}
        value={by}
        onChange={(next) => void navigate({ search: (before) => ({ ...before, by: next === "bead" ? undefined : next }), replace: true })}
      />
      <FilterChips
        label="Which checks"
        choices={[
          { id: "failed", text: "Failed", count: rows.filter(({ ok }) => !ok).length },
          { id: "holdout", text: "Holdouts", count: rows.filter(({ holdout }) => holdout).length },
        ]}
        value={only}
        onChange={(next) => void navigate({ search: (before) => ({ ...before, only: next.length === 0 ? undefined : next }), replace: true })}
      />
    </div>
  );
}
