/** The beads of a session with what joins them, drawn as a graph or told as a list, and one of them in detail. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { List, Workflow } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { errorText } from "../../../data/error-text.ts";
import { useMediaQuery } from "../../../shared/use-media-query.ts";
import { EmptyState, FailedState, SkeletonLines } from "../../../ui/states.tsx";
import { useSessionView, useSignalledQuery } from "../session-view.tsx";
import { BeadDetailPanel } from "./bead-detail-panel.tsx";
import { BeadGraph } from "./bead-graph.tsx";
import { BeadList } from "./bead-list.tsx";
import { drawnGraph, teamsOf } from "./drawn-graph.ts";
import { GraphLegend } from "./graph-legend.tsx";
import { GRAPH, GRAPH_KINDS } from "./graph-queries.ts";
import styles from "./graph-tab.module.css";
import { ViewToggle } from "./view-toggle.tsx";

const VIEWS = [
  { id: "graph", text: "Graph", icon: Workflow },
  { id: "list", text: "List", icon: List },
] as const;

export function GraphTab() {
  const { bead: chosen, view: asked } = useSearch({ from: "/sessions/$sessionId/graph" });
  const navigate = useNavigate({ from: "/sessions/$sessionId/graph" });
  const isNarrow = useMediaQuery("(max-width: 760px)");
  const view = asked ?? (isNarrow ? "list" : "graph");
  const { drawn, error, ask, isAsking } = useDrawnGraph();
  const choose = (bead: string | undefined): void => void navigate({ search: (before) => ({ ...before, bead }), replace: true, resetScroll: false });
  if (error !== null) return <FailedState title="The graph cannot be shown" message={error} onRetry={ask} />;
  if (drawn.beads.length === 0) return isAsking ? <SkeletonLines lines={10} label="Loading the graph" /> : <NoBeads />;
  return (
    <div className={styles["tab"]}>
      <div className={styles["bar"]}>
        <ViewToggle
          label="How the beads are shown"
          views={VIEWS}
          value={view}
          onChange={(next) => void navigate({ search: (before) => ({ ...before, view: next }), replace: true, resetScroll: false })}
        />
        {view === "graph" ? <GraphLegend /> : null}
      </div>
      <div className={styles["split"]} data-open={chosen !== undefined}>
        {view === "graph" ? <BeadGraph drawn={drawn} chosen={chosen} onChoose={choose} /> : <BeadList drawn={drawn} chosen={chosen} onChoose={choose} />}
        {chosen === undefined ? null : <BeadDetailPanel key={chosen} beadId={chosen} onChoose={choose} />}
      </div>
    </div>
  );
}

/** The graph as it is drawn; it is laid out again when beads or edges come, and not when a bead's state changes. */
function useDrawnGraph() {
  const { sessionId, model } = useSessionView();
  const [{ data, error, fetching }, ask] = useSignalledQuery(GRAPH, { sessionId }, GRAPH_KINDS);
  const [teams, setTeams] = useState<ReadonlyMap<string, string>>(() => teamsOf(model.beads, new Map()));
  const current = teamsOf(model.beads, teams);
  if (current !== teams) setTeams(current);
  // Beads that the events told of and the graph did not have yet are asked for once.
  const missing = data?.session === undefined ? 0 : [...current.keys()].length - (data.session?.graph?.beads.length ?? 0);
  const askedFor = useRef(0);
  useEffect(() => {
    if (missing <= askedFor.current || fetching) return;
    askedFor.current = missing;
    ask();
  });
  const session = data?.session;
  const drawn = useMemo(() => drawnGraph(session?.graph ?? null, current, session?.clarifications.nodes ?? []), [session, current]);
  const isAsking = (fetching && data === undefined) || !model.beadsComplete;
  return { drawn, error: error !== undefined && data === undefined ? errorText(error) : null, ask, isAsking };
}

function NoBeads() {
  const { closed } = useSessionView().model;
  return (
    <EmptyState icon={Workflow} title="There are no beads">
      {closed ? "The session ended before there was a run." : "The run has its beads once the order is approved and compiled; they appear here by themselves."}
    </EmptyState>
  );
}
