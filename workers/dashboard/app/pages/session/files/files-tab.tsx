/** The run's files against what the run started from. */
import { getRouteApi } from "@tanstack/react-router";
import { FileDiff as FileDiffIcon, FolderOpen } from "lucide-react";
import { useState } from "react";
import { errorText } from "../../../data/error-text.ts";
import { FilterChips } from "../../../ui/filter-chips.tsx";
import { countText } from "../../../ui/figure-text.ts";
import { Panel } from "../../../ui/panel.tsx";
import { EmptyState, FailedState, SkeletonLines } from "../../../ui/states.tsx";
import { useSessionView, useSignalledQuery } from "../session-view.tsx";
import { DeliverableButton } from "./deliverable-button.tsx";
import { FileList } from "./file-list.tsx";
import { firstOf, statusCounts } from "./file-tree.ts";
import { FileView } from "./file-view.tsx";
import { RUN_TREE, TREE_KINDS, type RunTree, type RunTreeFile } from "./files-query.ts";
import styles from "./files-tab.module.css";

const route = getRouteApi("/sessions/$sessionId/files");

export function FilesTab() {
  const { sessionId, model } = useSessionView();
  const [{ data, error }, ask] = useSignalledQuery(RUN_TREE, { sessionId }, TREE_KINDS);
  const tree = data?.session?.runTree ?? null;
  if (tree !== null) return <Tree tree={tree} />;
  return (
    <Panel title="Files" flush>
      {error !== undefined ? (
        <FailedState title="The files could not be read" message={errorText(error)} onRetry={ask} />
      ) : data === undefined ? (
        <SkeletonLines lines={8} label="Loading the files" />
      ) : (
        <EmptyState icon={FolderOpen} title="There are no files yet">
          {model.closed ? "The session ended before it had a run." : "They appear here with the run, once the order is compiled and its beads are handed out."}
        </EmptyState>
      )}
    </Panel>
  );
}

type Status = RunTreeFile["status"];
const STATUS_WORDS: readonly { readonly id: Status; readonly text: string }[] = [
  { id: "ADDED", text: "Added" },
  { id: "MODIFIED", text: "Modified" },
  { id: "DELETED", text: "Deleted" },
  { id: "UNCHANGED", text: "Unchanged" },
];

function Tree({ tree }: { readonly tree: RunTree }) {
  const { path } = route.useSearch();
  const [statuses, setStatuses] = useState<readonly Status[]>([]);
  const counts = statusCounts(tree.files);
  const choices = STATUS_WORDS.flatMap(({ id, text }) => {
    const count = counts[id];
    return count === undefined ? [] : [{ id, text, count }];
  });
  const shown = statuses.length === 0 ? tree.files : tree.files.filter(({ status }) => statuses.includes(status));
  const chosen = path === undefined ? firstOf(tree.files) : (tree.files.find((file) => file.path === path) ?? null);
  return (
    <div className={styles["tab"]}>
      <Panel title={countText(tree.files.length, "file")} flush actions={<DeliverableButton />}>
        {choices.length < 2 ? null : (
          <div className={styles["filters"]}>
            <FilterChips label="Status of files" choices={choices} value={statuses} onChange={setStatuses} />
          </div>
        )}
        <FileList files={shown} chosen={chosen?.path ?? null} />
      </Panel>
      {chosen === null ? (
        <Panel title={path ?? "File"}>
          <EmptyState icon={FileDiffIcon} title={path === undefined ? "The run has no files" : "The run has no such file"}>
            Choose one of the list.
          </EmptyState>
        </Panel>
      ) : (
        <FileView key={chosen.path} file={chosen} />
      )}
    </div>
  );
}
