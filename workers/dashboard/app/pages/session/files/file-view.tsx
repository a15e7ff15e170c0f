/** One file: what it was, what it is now, who wrote it and why. */
import { Link } from "@tanstack/react-router";
import { Binary, GitCommitHorizontal } from "lucide-react";
import { useMemo } from "react";
import { errorText } from "../../../data/error-text.ts";
import { useMediaQuery } from "../../../shared/use-media-query.ts";
import { CopyButton } from "../../../ui/code.tsx";
import { bytesText } from "../../../ui/figure-text.ts";
import { Panel } from "../../../ui/panel.tsx";
import { EmptyState, FailedState, SkeletonLines } from "../../../ui/states.tsx";
import { useSessionView, useSignalledQuery } from "../session-view.tsx";
import { diffOf } from "./diff-rows.ts";
import { DiffView } from "./diff-view.tsx";
import styles from "./file-view.module.css";
import { RUN_FILE, TREE_KINDS, type RunFile, type RunTreeFile } from "./files-query.ts";

/** From this width on both versions stand side by side. */
const WIDE = "(min-width: 1100px)";

export function FileView({ file }: { readonly file: RunTreeFile }) {
  const { sessionId } = useSessionView();
  const [{ data, error }, ask] = useSignalledQuery(RUN_FILE, { sessionId, path: file.path }, TREE_KINDS);
  const content = data?.runFile ?? null;
  return (
    <Panel flush title={<span className={styles["path"]}>{file.path}</span>} actions={<CopyFile path={file.path} text={content?.current ?? null} />}>
      <Origin file={file} />
      {error !== undefined && content === null ? (
        <FailedState title="The file could not be read" message={errorText(error)} onRetry={ask} />
      ) : data === undefined ? (
        <SkeletonLines lines={10} label={`Loading ${file.path}`} />
      ) : content === null ? (
        <EmptyState icon={GitCommitHorizontal} title="The run has this file no longer">
          Choose another one of the list.
        </EmptyState>
      ) : (
        <Content content={content} beadId={file.beadId} />
      )}
    </Panel>
  );
}

function CopyFile({ path, text }: { readonly path: string; readonly text: string | null }) {
  return text === null ? null : <CopyButton text={text} label={`Copy ${path}`} />;
}

function Origin({ file: { beadId, status, bytes } }: { readonly file: RunTreeFile }) {
  const { sessionId, model } = useSessionView();
  const size = bytes === null ? null : bytesText(bytes);
  if (beadId === null) return <p className={styles["origin"]}>As the run found it{size === null ? "" : ` · ${size}`}</p>;
  const title = model.beads.get(beadId)?.title ?? beadId;
  return (
    <p className={styles["origin"]}>
      <span>
        {status === "DELETED" ? "Deleted by " : "Written by "}
        <Link to="/sessions/$sessionId/graph" params={{ sessionId }} search={{ bead: beadId }}>
          {title}
        </Link>
      </span>
      {size === null ? null : <span>{size}</span>}
      <Link to="/sessions/$sessionId/lineage" params={{ sessionId }} search={{ bead: beadId }}>
        Why is it there?
      </Link>
    </p>
  );
}

function Content({ content, beadId }: { readonly content: RunFile; readonly beadId: string | null }) {
  const isWide = useMediaQuery(WIDE);
  const { base, current, binary, truncated, status } = content;
  const diff = useMemo(() => diffOf(base ?? "", current ?? ""), [base, current]);
  if (binary) {
    return (
      <EmptyState icon={Binary} title="A binary file">
        Its content is not shown. It is in the deliverable once the session is completed.
      </EmptyState>
    );
  }
  return (
    <>
      {truncated ? <p className={styles["note"]}>Only the first 256 KiB are shown and compared.</p> : null}
      {diff.byWhole ? <p className={styles["note"]}>The two versions differ so much that they are shown one after the other.</p> : null}
      {diff.added + diff.removed === 0 && status === "MODIFIED" ? <p className={styles["note"]}>No line of what is shown differs.</p> : null}
      <DiffView
        diff={diff}
        isSplit={isWide && status === "MODIFIED"}
        onlySide={status === "MODIFIED" ? null : status === "DELETED" ? "before" : "after"}
        beadId={beadId}
        label={content.path}
      />
    </>
  );
}
