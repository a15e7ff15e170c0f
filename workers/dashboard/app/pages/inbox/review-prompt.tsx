/** The question of a review. All of it is text: nothing a model wrote is taken for markup. */
import { DiffLines } from "../../ui/diff-lines.tsx";
import { promptBlocks, type PromptBlock } from "./prompt-blocks.ts";
import styles from "./review-prompt.module.css";

export function ReviewPrompt({ text }: { readonly text: string }) {
  return (
    <div className={styles["prompt"]}>
      {promptBlocks(text).map((block, index) => (
        // The question of a review never changes, so a place in it names a part.
        <Block key={index} block={block} />
      ))}
    </div>
  );
}

function Block({ block }: { readonly block: PromptBlock }) {
  switch (block.kind) {
    case "text":
      return <p>{block.text}</p>;
    case "list":
      return (
        <ul>
          {block.items.map((item, index) => (
            <li key={index}>{item}</li>
          ))}
        </ul>
      );
    default:
      return <FileDiff {...block} />;
  }
}

function FileDiff({ before, after, lines }: Extract<PromptBlock, { kind: "diff" }>) {
  const path = after === "none" ? before : after;
  const what = before === "none" ? "new file" : after === "none" ? "deleted" : "changed";
  return (
    <figure className={styles["diff"]}>
      <figcaption>
        <code>{path}</code> <span>{what}</span>
      </figcaption>
      <DiffLines label={`Diff of ${path}`} lines={lines} />
    </figure>
  );
}
