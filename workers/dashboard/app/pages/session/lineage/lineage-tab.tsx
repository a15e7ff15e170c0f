/** Why something is as it is, and what hangs on it: an artifact between its causes and its effects. */
import { getRouteApi } from "@tanstack/react-router";
import { Waypoints } from "lucide-react";
import { useState } from "react";
import { useQuery } from "urql";
import { errorText } from "../../../data/error-text.ts";
import { Panel } from "../../../ui/panel.tsx";
import { EmptyState, FailedState, SkeletonLines } from "../../../ui/states.tsx";
import { useSessionView } from "../session-view.tsx";
import { ArtifactPanel } from "./artifact-panel.tsx";
import { ArtifactPicker } from "./artifact-picker.tsx";
import { LayersPanel } from "./layers-panel.tsx";
import { ARTIFACT_LINEAGE, FIRST_LIMIT, MAX_LIMIT } from "./lineage-query.ts";
import styles from "./lineage-tab.module.css";
import { moveFocus } from "./move-focus.ts";
import { Trail } from "./trail.tsx";
import { useChosenArtifact } from "./use-chosen-artifact.ts";

const route = getRouteApi("/sessions/$sessionId/lineage");
const NO_TRAIL: readonly string[] = [];

export function LineageTab() {
  const { artifact, bead, trail = NO_TRAIL } = route.useSearch();
  const { id, isAsking, error } = useChosenArtifact(artifact, bead);
  if (id !== null) return <Lineage key={id} artifactId={id} trail={trail} />;
  return (
    <Panel title="Lineage" flush actions={<ArtifactPicker />}>
      {error !== null ? (
        <FailedState title="The artifacts could not be read" message={errorText(error)} />
      ) : isAsking ? (
        <SkeletonLines lines={8} label="Loading the lineage" />
      ) : (
        <EmptyState icon={Waypoints} title="There is nothing to follow yet">
          The first artifact is the signal that the order is; it is written a moment after the order is submitted.
        </EmptyState>
      )}
    </Panel>
  );
}

function Lineage({ artifactId, trail }: { readonly artifactId: string; readonly trail: readonly string[] }) {
  const { session } = useSessionView();
  const [limit, setLimit] = useState(FIRST_LIMIT);
  const [{ data, error }, ask] = useQuery({
    query: ARTIFACT_LINEAGE,
    variables: { artifactId, assemblyId: session.assemblyId, limit },
    requestPolicy: "cache-and-network",
  });
  const { causes = null, effects = null } = data?.lineage ?? {};
  const known = [...(causes?.nodes ?? []), ...(effects?.nodes ?? [])];
  const more = limit < MAX_LIMIT ? () => setLimit(MAX_LIMIT) : null;
  return (
    <div className={styles["tab"]}>
      <div className={styles["bar"]}>
        <Trail trail={trail} artifactId={artifactId} known={known} />
        <ArtifactPicker />
      </div>
      {error !== undefined && data === undefined ? (
        <Panel title="Lineage">
          <FailedState title="The lineage could not be read" message={errorText(error)} onRetry={() => ask({ requestPolicy: "network-only" })} />
        </Panel>
      ) : (
        <div className={styles["columns"]} onKeyDown={moveFocus}>
          <LayersPanel direction="causes" artifactId={artifactId} graph={causes} trail={trail} onMore={more} />
          <ArtifactPanel artifactId={artifactId} />
          <LayersPanel direction="effects" artifactId={artifactId} graph={effects} trail={trail} onMore={more} />
        </div>
      )}
    </div>
  );
}
