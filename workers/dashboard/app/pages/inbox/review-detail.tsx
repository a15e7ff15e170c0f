/** One review: the exact action, everything it rests on, and the answers it takes. */
import { Link } from "@tanstack/react-router";
import { ArrowLeft, Check, MessageSquareText, X, type LucideIcon } from "lucide-react";
import { reviewEffect } from "@factory/schemas";
import { votesText } from "../../shared/votes.ts";
import { useViewer } from "../../data/factory-context.tsx";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Age, useNow } from "../../ui/figures.tsx";
import { Keys } from "../../shell/shortcut-help.tsx";
import { wordsOf } from "../../ui/state-badges.tsx";
import { TextWithIds } from "../../ui/text-with-ids.tsx";
import { DecisionBadge } from "./decision-text.tsx";
import type { InboxEntry } from "./inbox-list.ts";
import { decisionsOf, matterOf, matterText, verbOf } from "./review-context.ts";
import styles from "./review-detail.module.css";
import { ReviewFacts } from "./review-facts.tsx";
import { ReviewPrompt } from "./review-prompt.tsx";
import type { Decision, Review } from "./reviews.ts";

/** The scope that deciding needs. */
export const DECIDES = "review:decide";

/** The key of each decision. */
export const DECISION_KEYS: { readonly [D in Decision]: string } = { approved: "a", amended: "e", rejected: "r" };
const ICONS: { readonly [D in Decision]: LucideIcon } = { approved: Check, amended: MessageSquareText, rejected: X };

export function ReviewDetail({ entry: { review, decided }, onDecide }: { readonly entry: InboxEntry; readonly onDecide: (decision: Decision) => void }) {
  const { action, type, promptText, requestedAt } = review;
  return (
    <article className={styles["review"]} aria-labelledby="review-action">
      <Link to="/inbox" search={({ show }) => ({ show })} className={styles["back"]}>
        <ArrowLeft size={15} aria-hidden />
        All reviews
      </Link>
      <header className={styles["head"]}>
        <p className={styles["kind"]}>
          {type === null ? null : <Badge tone="warn">{wordsOf(type)}</Badge>}
          {matterText(review)} · asked <Age at={requestedAt} />
          <Votes review={review} />
        </p>
        <h2 id="review-action">
          <TextWithIds text={action ?? review.id} />
        </h2>
      </header>
      <Decisions review={review} decided={decided} onDecide={onDecide} />
      <section className={styles["part"]} aria-label="Question">
        {promptText === null ? <p>The question has no text.</p> : <ReviewPrompt text={promptText} />}
      </section>
      <section className={styles["part"]} aria-label="What it rests on">
        <ReviewFacts review={review} />
      </section>
    </article>
  );
}

/** How often it is looked whether a vote has expired, in milliseconds. */
const VOTES_MS = 60_000;

function Votes({ review }: { readonly review: Review }) {
  const text = votesText(review, useNow(VOTES_MS));
  return text === null ? null : <> · {text}</>;
}

type DecisionsProps = { readonly review: Review; readonly decided: InboxEntry["decided"]; readonly onDecide: (decision: Decision) => void };

/** The answers, or the one that was given. */
function Decisions({ review, decided, onDecide }: DecisionsProps) {
  const { scopes, principalId } = useViewer();
  if (decided !== null) return <Outcome decision={decided.decision} by={principalId} at={null} note={decided.note} />;
  if (review.decision !== null) return <Outcome decision={review.decision} by={review.decidedBy} at={review.decidedAt} note={review.note ?? ""} />;
  const { matter, stage } = matterOf(review);
  const may = scopes.includes(DECIDES);
  return (
    <section className={styles["decisions"]} aria-label="Decide">
      {decisionsOf(review).map((decision) => (
        <div key={decision} className={styles["decision"]}>
          <Button
            kind={decision === "approved" ? "primary" : decision === "rejected" ? "danger" : "plain"}
            icon={ICONS[decision]}
            isDisabled={!may}
            onPress={() => onDecide(decision)}
          >
            {verbOf(review, decision)}
          </Button>
          <span className={styles["effect"]}>
            {reviewEffect(matter, stage, decision)} <Keys keys={DECISION_KEYS[decision]} />
          </span>
        </div>
      ))}
      {may ? null : (
        <p className={styles["refused"]}>
          You may read this and not decide it: your key is without the scope <code>{DECIDES}</code>. Somebody whose key has it can, or can make you such a key.
        </p>
      )}
    </section>
  );
}

type OutcomeProps = { readonly decision: Decision; readonly by: string | null; readonly at: string | null; readonly note: string };

function Outcome({ decision, by, at, note }: OutcomeProps) {
  return (
    <section className={styles["outcome"]} aria-label="Decision" role="status">
      <p>
        <DecisionBadge decision={decision} /> by {by ?? "somebody"} {at === null ? "now" : <Age at={at} />}
      </p>
      {note === "" ? null : <blockquote>{note}</blockquote>}
    </section>
  );
}
