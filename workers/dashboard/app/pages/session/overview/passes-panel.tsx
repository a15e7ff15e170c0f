/** The passes that turned the order into a specification. */
import { Link } from "@tanstack/react-router";
import { Route } from "lucide-react";
import { Badge } from "../../../ui/badge.tsx";
import { Duration } from "../../../ui/figures.tsx";
import { Panel } from "../../../ui/panel.tsx";
import { EmptyState, SkeletonLines } from "../../../ui/states.tsx";
import { Table, type Column } from "../../../ui/table.tsx";
import { useSessionView } from "../session-view.tsx";
import type { Pass } from "./overview-queries.ts";

export function PassesPanel({ passes }: { readonly passes: readonly Pass[] | undefined }) {
  return (
    <Panel title="Passes" flush>
      {passes === undefined ? <SkeletonLines lines={4} label="Loading the passes" /> : null}
      {passes?.length === 0 ? (
        <EmptyState icon={Route} title="No pass has ended yet">
          Each pass turns the order into something narrower; they are told of here as they end.
        </EmptyState>
      ) : null}
      {passes === undefined || passes.length === 0 ? null : (
        <Table label="Passes" columns={COLUMNS} rows={passes} rowKey={({ pass, artifactId, occurredAt }) => `${pass} ${artifactId} ${occurredAt}`} />
      )}
    </Panel>
  );
}

const COLUMNS: readonly Column<Pass>[] = [
  { id: "pass", head: "Pass", cell: (pass) => <PassName pass={pass} /> },
  { id: "made", head: "Made", cell: (pass) => <ArtifactLink pass={pass} /> },
  { id: "calls", head: "Model calls", kind: "number", cell: ({ modelCalls }) => modelCalls },
  { id: "took", head: "Took", kind: "number", cell: ({ durationMs }) => <Duration ms={durationMs} /> },
];

function PassName({ pass: { pass, repaired } }: { readonly pass: Pass }) {
  return (
    <>
      {pass.replaceAll("-", " ")}{" "}
      {repaired ? (
        <Badge tone="warn" title="The model's first answer did not fit and was repaired.">
          repaired
        </Badge>
      ) : null}
    </>
  );
}

function ArtifactLink({ pass: { artifactId, artifactType } }: { readonly pass: Pass }) {
  const { sessionId } = useSessionView();
  return (
    <Link to="/sessions/$sessionId/lineage" params={{ sessionId }} search={{ artifact: artifactId }} title={artifactId}>
      {artifactType}
    </Link>
  );
}
