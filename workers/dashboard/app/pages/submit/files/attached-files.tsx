/** The files that travel with the order: dropped, chosen, renamed, taken away. */
import type { AttachedFile } from "@factory/schemas";
import { FolderPlus, Paperclip, Trash2 } from "lucide-react";
import { FileTrigger } from "react-aria-components";
import { Button, IconButton } from "../../../ui/button.tsx";
import { Bytes } from "../../../ui/figures.tsx";
import { Panel } from "../../../ui/panel.tsx";
import { utf8Bytes } from "../order/utf8-bytes.ts";
import type { OfferedFile, Refused } from "./attach-files.ts";
import styles from "./attached-files.module.css";
import { FileDrop } from "./file-drop.tsx";
import { chosenFiles } from "./offered-files.ts";
import { PathField } from "./path-field.tsx";

export type AttachedFilesProps = {
  readonly files: readonly AttachedFile[];
  /** Why the last files that were offered are not attached. */
  readonly refused: readonly Refused[];
  readonly onOffer: (offered: readonly OfferedFile[]) => void;
  readonly onChange: (files: readonly AttachedFile[]) => void;
};

export function AttachedFiles({ files, refused, onOffer, onChange }: AttachedFilesProps) {
  const choose = (chosen: FileList | null): void => onOffer(chosenFiles(chosen));
  const total = files.reduce((sum, { content }) => sum + utf8Bytes(content), 0);
  const title = files.length === 0 ? "Files" : <FilesTitle count={files.length} bytes={total} />;
  return (
    <Panel title={title} flush>
      <FileDrop className={styles["drop"] ?? ""} onOffer={onOffer}>
        {files.length === 0 ? null : (
          <ul className={styles["list"]} aria-label="Attached files">
            {files.map((file) => (
              <FileRow key={file.path} file={file} files={files} onChange={onChange} />
            ))}
          </ul>
        )}
        <div className={styles["add"]}>
          <p className={styles["hint"]}>{files.length === 0 ? "Starting code and tests that the order names. Drop them here." : "Drop more here."}</p>
          <FileTrigger allowsMultiple onSelect={choose}>
            <Button icon={Paperclip}>Attach files</Button>
          </FileTrigger>
          <FileTrigger acceptDirectory onSelect={choose}>
            <Button icon={FolderPlus}>A folder</Button>
          </FileTrigger>
        </div>
      </FileDrop>
      {refused.length === 0 ? null : (
        <ul className={styles["refused"]} role="alert">
          {refused.map(({ path, reason }) => (
            <li key={path}>
              <code>{path}</code> is not attached. {reason}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function FilesTitle({ count, bytes }: { readonly count: number; readonly bytes: number }) {
  return (
    <>
      Files{" "}
      <span className={styles["sum"]}>
        {count}, <Bytes bytes={bytes} />
      </span>
    </>
  );
}

type FileRowProps = { readonly file: AttachedFile } & Pick<AttachedFilesProps, "files" | "onChange">;

function FileRow({ file, files, onChange }: FileRowProps) {
  const remove = (): void => onChange(files.filter(({ path }) => path !== file.path));
  return (
    <li className={styles["file"]}>
      <PathField path={file.path} files={files} onChange={onChange} />
      <span className={styles["size"]}>
        <Bytes bytes={utf8Bytes(file.content)} />
      </span>
      <IconButton label={`Remove ${file.path}`} icon={Trash2} onPress={remove} />
    </li>
  );
}
