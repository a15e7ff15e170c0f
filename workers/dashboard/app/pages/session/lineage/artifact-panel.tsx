/** The chosen artifact: what it is and all that is in it. */
import { SearchX } from "lucide-react";
import { useQuery } from "urql";
import { errorText } from "../../../data/error-text.ts";
import { Badge } from "../../../ui/badge.tsx";
import { CodeBlock, Id } from "../../../ui/code.tsx";
import { Facts } from "../../../ui/facts.tsx";
import { Age } from "../../../ui/figures.tsx";
import { bytesText } from "../../../ui/figure-text.ts";
import { Panel } from "../../../ui/panel.tsx";
import { EmptyState, FailedState, SkeletonLines } from "../../../ui/states.tsx";
import { useSessionView } from "../session-view.tsx";
import { factsOfContent } from "./artifact-facts.ts";
import styles from "./artifact-panel.module.css";
import { typeWords } from "./lineage-layers.ts";
import { ARTIFACT_CONTENT, type ArtifactContent } from "./lineage-query.ts";

export function ArtifactPanel({ artifactId }: { readonly artifactId: string }) {
  const { session } = useSessionView();
  const [{ data, error }, ask] = useQuery({
    query: ARTIFACT_CONTENT,
    variables: { artifactId, assemblyId: session.assemblyId },
    requestPolicy: "cache-and-network",
  });
  const node = data?.why.nodes.find(({ id }) => id === artifactId);
  return (
    <Panel title={node === undefined ? "Artifact" : typeWords(node.type)} actions={node === undefined ? null : <Badge tone="accent">chosen</Badge>}>
      {node !== undefined ? (
        <Content node={node} />
      ) : error !== undefined ? (
        <FailedState title="The artifact could not be read" message={errorText(error)} onRetry={() => ask({ requestPolicy: "network-only" })} />
      ) : data === undefined ? (
        <SkeletonLines lines={6} label="Loading the artifact" />
      ) : (
        <EmptyState icon={SearchX} title="The graph has no such artifact">
          Its write may be on its way. {artifactId}
        </EmptyState>
      )}
    </Panel>
  );
}

function Content({ node: { id, title, createdAt, dataBytes, data } }: { readonly node: ArtifactContent }) {
  const { facts, rest } = factsOfContent(data);
  return (
    <div className={styles["content"]}>
      {/* What names it is often one of its facts. */}
      {title === "" || facts.some(([, text]) => text === title) ? null : <p className={styles["title"]}>{title}</p>}
      <Facts
        facts={[
          ["Id", <Id key="id" id={id} />],
          ["Written", <Age key="age" at={createdAt} />],
          ["Size", bytesText(dataBytes)],
        ]}
      />
      {facts.length === 0 ? null : (
        <div className={styles["facts"]}>
          <Facts facts={facts} />
        </div>
      )}
      {data === null && dataBytes > 0 ? <p className={styles["large"]}>The content is larger than 64 KiB and is not shown.</p> : null}
      {rest === null ? null : <CodeBlock text={JSON.stringify(rest, null, 2)} label={`content of ${id}`} />}
    </div>
  );
}
