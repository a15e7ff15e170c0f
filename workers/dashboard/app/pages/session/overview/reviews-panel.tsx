/** What people, or the policy in their place, were asked and how they decided. */
import { Link } from "@tanstack/react-router";
import { MessageCircleQuestionMark } from "lucide-react";
import { Badge, type Tone } from "../../../ui/badge.tsx";
import { Age, useNow } from "../../../ui/figures.tsx";
import { votesText } from "../../../shared/votes.ts";
import { Panel } from "../../../ui/panel.tsx";
import { wordsOf } from "../../../ui/state-badges.tsx";
import { EmptyState, SkeletonLines } from "../../../ui/states.tsx";
import type { Review } from "./overview-queries.ts";
import styles from "./reviews-panel.module.css";

const DECISION_TONES: { readonly [D in NonNullable<Review["decision"]>]: Tone } = { approved: "good", amended: "accent", rejected: "bad" };

export function ReviewsPanel({ reviews }: { readonly reviews: readonly Review[] | undefined }) {
  return (
    <Panel title="Reviews" flush>
      {reviews === undefined ? <SkeletonLines lines={4} label="Loading the reviews" /> : null}
      {reviews?.length === 0 ? (
        <EmptyState icon={MessageCircleQuestionMark} title="Nobody was asked yet">
          Approvals, clarifications, budget and scope questions are told of here with their decisions.
        </EmptyState>
      ) : null}
      <ul className={styles["reviews"]}>
        {reviews?.map((review) => (
          <ReviewRow key={review.id} review={review} />
        ))}
      </ul>
    </Panel>
  );
}

/** How often it is looked whether a vote has expired, in milliseconds. */
const VOTES_MS = 60_000;

function ReviewRow({ review }: { readonly review: Review }) {
  const { id, type, action, decision, decidedBy, decidedAt, requestedAt, note } = review;
  const votes = votesText(review, useNow(VOTES_MS));
  return (
    <li className={styles["review"]}>
      <div className={styles["head"]}>
        <span className={styles["type"]}>{type === null ? "review" : wordsOf(type)}</span>
        {decision === null ? <Badge tone="warn">open</Badge> : <Badge tone={DECISION_TONES[decision]}>{decision}</Badge>}
        <span className={styles["when"]}>
          <Age at={decidedAt ?? requestedAt} />
        </span>
      </div>
      <p className={styles["action"]}>
        <Link to="/inbox" search={{ review: id }}>
          {action ?? id}
        </Link>
      </p>
      {votes === null ? null : <p className={styles["note"]}>{votes}</p>}
      {decision === null ? null : (
        <p className={styles["note"]}>
          by {decidedBy ?? "–"}
          {note === null || note === "" ? "" : `: ${note}`}
        </p>
      )}
    </li>
  );
}
