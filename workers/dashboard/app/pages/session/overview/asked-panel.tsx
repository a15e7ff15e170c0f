/** What exactly a person is asked before the session goes on. */
import { Gavel } from "lucide-react";
import { CodeBlock } from "../../../ui/code.tsx";
import { Facts } from "../../../ui/facts.tsx";
import { Age, Instant } from "../../../ui/figures.tsx";
import { Panel } from "../../../ui/panel.tsx";
import { wordsOf } from "../../../ui/state-badges.tsx";
import { LinkButton } from "../link-button.tsx";
import styles from "./asked-panel.module.css";
import type { Review } from "./overview-queries.ts";

export function AskedPanel({ review }: { readonly review: Review }) {
  return (
    <Panel
      title={`Asked of a person: ${review.type === null ? "a review" : wordsOf(review.type)}`}
      actions={
        <LinkButton to="/inbox" search={{ review: review.id }} icon={Gavel}>
          Decide
        </LinkButton>
      }
    >
      <div className={styles["asked"]}>
        {review.action === null ? null : <p className={styles["action"]}>{review.action}</p>}
        {review.promptText === null || review.promptText === "" ? null : <CodeBlock text={review.promptText} label="what is asked" />}
        <Facts
          facts={[
            ["Asked", <Age key="age" at={review.requestedAt} />],
            ...(review.deadline === null ? [] : [["Until", <Instant key="until" at={review.deadline} />] as const]),
            ["Digest of the action", <code key="digest">{review.actionDigest}</code>],
          ]}
        />
      </div>
    </Panel>
  );
}
