/** The files by their folders. */
import { Link } from "@tanstack/react-router";
import { Folder } from "lucide-react";
import { bytesText } from "../../../ui/figure-text.ts";
import { useSessionView } from "../session-view.tsx";
import styles from "./file-list.module.css";
import { foldersOf } from "./file-tree.ts";
import type { RunTreeFile } from "./files-query.ts";

const MARKS: { readonly [Status in RunTreeFile["status"]]: { readonly letter: string; readonly word: string } } = {
  ADDED: { letter: "A", word: "added" },
  MODIFIED: { letter: "M", word: "modified" },
  DELETED: { letter: "D", word: "deleted" },
  UNCHANGED: { letter: "·", word: "unchanged" },
};

export function FileList({ files, chosen }: { readonly files: readonly RunTreeFile[]; readonly chosen: string | null }) {
  return (
    <nav aria-label="Files of the run" className={styles["list"]}>
      {foldersOf(files).map(({ path, files: own }) => (
        <section key={path} aria-label={path === "" ? "top folder" : path}>
          {path === "" ? null : (
            <p className={styles["folder"]}>
              <Folder size={13} aria-hidden /> {path}
            </p>
          )}
          <ul>
            {own.map(({ name, file }) => (
              <li key={file.path}>
                <FileLink name={name} file={file} isChosen={file.path === chosen} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}

function FileLink({ name, file, isChosen }: { readonly name: string; readonly file: RunTreeFile; readonly isChosen: boolean }) {
  const { model } = useSessionView();
  const { letter, word } = MARKS[file.status];
  const writer = file.beadId === null ? undefined : model.beads.get(file.beadId);
  return (
    <Link
      from="/sessions/$sessionId/files"
      search={{ path: file.path }}
      resetScroll={false}
      className={styles["file"]}
      aria-current={isChosen ? "true" : undefined}
      data-status={file.status}
    >
      <span className={styles["mark"]} title={word}>
        <span aria-hidden>{letter}</span>
        <span className="visually-hidden">{word}: </span>
      </span>
      <span className={styles["name"]}>{name}</span>
      <span className={styles["size"]}>{file.bytes === null ? "–" : bytesText(file.bytes)}</span>
      <span className={styles["writer"]}>{writer?.title ?? (file.status === "UNCHANGED" ? "as it was" : (file.beadId ?? ""))}</span>
    </Link>
  );
}
