/** The editor as a part of the page. */
import { useEffect, useEffectEvent, useId, useImperativeHandle, useRef, type Ref } from "react";
import { createEditor, type EditorHandle as CreatedEditor } from "./create-editor.ts";
import type { Findings } from "./line-marks.ts";
import styles from "./order-editor.module.css";

export type EditorHandle = Pick<CreatedEditor, "goTo" | "replace">;

export type OrderEditorProps = {
  readonly ref: Ref<EditorHandle>;
  /** What it begins with; another text needs another key. */
  readonly initialText: string;
  /** Null while nothing is known about the text. */
  readonly findings: Findings | null;
  readonly onChange: (text: string) => void;
  readonly onSubmit: () => void;
};

const NONE: Findings = { faults: [], remarks: [] };

export function OrderEditor({ ref, initialText, findings, ...events }: OrderEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<CreatedEditor | null>(null);
  const helpId = useId();
  const onChange = useEffectEvent(events.onChange);
  const onSubmit = useEffectEvent(events.onSubmit);

  useEffect(() => {
    if (place.current === null) return undefined;
    const made = createEditor({ parent: place.current, text: initialText, label: "Work order", helpId, onChange, onSubmit });
    editor.current = made;
    return () => {
      made.destroy();
      editor.current = null;
    };
    // The editor has its text from then on, and tells what becomes of it.
  }, [helpId]);
  useEffect(() => editor.current?.mark(findings ?? NONE), [findings]);
  useImperativeHandle(ref, () => ({
    goTo: (line) => editor.current?.goTo(line),
    replace: (text) => editor.current?.replace(text),
  }));

  return (
    <div className={styles["frame"]}>
      <div ref={place} className={styles["editor"]} />
      <p id={helpId} className={styles["help"]}>
        <span>
          <kbd>Tab</kbd> indents; <kbd>Esc</kbd> then <kbd>Tab</kbd> leaves the editor
        </span>
        <span>
          <kbd>F8</kbd> goes to the next fault
        </span>
      </p>
    </div>
  );
}
