/** The path of an attached file, which a person may correct: a browser tells the name only. */
import type { AttachedFile } from "@factory/schemas";
import { useEffect, useState, type KeyboardEvent } from "react";
import styles from "./attached-files.module.css";

export type PathFieldProps = {
  readonly path: string;
  readonly files: readonly AttachedFile[];
  readonly onChange: (files: readonly AttachedFile[]) => void;
};

/** Enter or leaving the field takes the path, Escape gives the old one back. */
export function PathField({ path, files, onChange }: PathFieldProps) {
  const [text, setText] = useState(path);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => setText(path), [path]);
  const take = async (): Promise<void> => {
    if (text === path) return;
    // Fetched with the first file: what checks a path comes with what attaches one.
    const { pathFault, renamed } = await import("./attach-files.ts");
    const wrong = files.some((file) => file.path === text) ? "Another file has this path." : pathFault(text);
    setFault(wrong);
    if (wrong === null) onChange(renamed(files, path, text));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") void take();
    if (event.key === "Escape") {
      setText(path);
      setFault(null);
    }
  };
  return (
    <span className={styles["path"]}>
      <input
        aria-label={`Path of ${path}`}
        aria-invalid={fault !== null}
        value={text}
        title={text}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
        onBlur={() => void take()}
        onKeyDown={onKeyDown}
      />
      {fault === null ? null : <span role="alert">{fault}</span>}
    </span>
  );
}
