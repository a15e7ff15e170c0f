/** Where an order begins: from a template, from a file, or from nothing. */
import { FileText, PenLine } from "lucide-react";
import { FileTrigger } from "react-aria-components";
import { Button } from "../../../ui/button.tsx";
import { countText } from "../../../ui/figure-text.ts";
import type { Draft } from "../draft/draft-store.ts";
import type { OfferedFile } from "../files/attach-files.ts";
import { FileDrop } from "../files/file-drop.tsx";
import { chosenFiles } from "../files/offered-files.ts";
import styles from "./template-choice.module.css";
import { TEMPLATES, type Template } from "./templates.ts";

/** What an order that is written from nothing begins with: the sections the parser asks for. */
const BLANK: Draft = { text: "# \n\n## Problem\n\n\n\n## Goal\n\n\n\n## Acceptance criteria\n\n- \n", files: [] };

export type TemplateChoiceProps = {
  readonly onBegin: (draft: Draft) => void;
  /** Files that hold an order, and perhaps what it attaches. */
  readonly onOffer: (offered: readonly OfferedFile[]) => void;
};

export function TemplateChoice({ onBegin, onOffer }: TemplateChoiceProps) {
  return (
    <FileDrop className={styles["zone"] ?? ""} onOffer={onOffer}>
      <div className={styles["head"]}>
        <h2>Begin with an order</h2>
        <p>
          A work order is Markdown: a problem, a goal, and acceptance criteria that examples, tests or a person decide. Take one of these and make it yours.
        </p>
      </div>
      <ul className={styles["cards"]}>
        {TEMPLATES.map((template) => (
          <li key={template.id}>
            <Card template={template} onBegin={onBegin} />
          </li>
        ))}
      </ul>
      <div className={styles["else"]}>
        <Button icon={PenLine} onPress={() => onBegin(BLANK)}>
          Write from nothing
        </Button>
        <FileTrigger acceptedFileTypes={[".md", ".markdown", "text/markdown", "text/plain"]} allowsMultiple onSelect={(chosen) => onOffer(chosenFiles(chosen))}>
          <Button icon={FileText}>Open a file</Button>
        </FileTrigger>
        <span>or drop an order here, with the files it names.</span>
      </div>
    </FileDrop>
  );
}

function Card({ template: { title, use, draft }, onBegin }: { readonly template: Template; readonly onBegin: TemplateChoiceProps["onBegin"] }) {
  const lines = draft.text.trimEnd().split("\n").length;
  const size = [countText(lines, "line"), ...(draft.files.length === 0 ? [] : [countText(draft.files.length, "file")])].join(", ");
  return (
    <button type="button" className={styles["card"]} onClick={() => onBegin(draft)}>
      <strong>{title}</strong>
      <span>{use}</span>
      <small>{size}</small>
    </button>
  );
}
