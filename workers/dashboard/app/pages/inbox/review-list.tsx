/** The reviews to choose from. */
import { Link } from "@tanstack/react-router";
import { Clock } from "lucide-react";
import { useEffect, useRef } from "react";
import { Age, useNow } from "../../ui/figures.tsx";
import { votesText } from "../../shared/votes.ts";
import { Skeleton } from "../../ui/states.tsx";
import { TextWithIds } from "../../ui/text-with-ids.tsx";
import { DecisionBadge } from "./decision-text.tsx";
import styles from "./inbox.module.css";
import type { InboxEntry } from "./inbox-list.ts";
import { isPolicys, matterText } from "./review-context.ts";

/** How often it is looked whether a vote has expired, in milliseconds. */
const VOTES_MS = 60_000;

export function ReviewList({ entries, chosen }: { readonly entries: readonly InboxEntry[]; readonly chosen: string | undefined }) {
  return (
    <ol className={styles["list"]} aria-label="Reviews">
      {entries.map((entry) => (
        <ReviewItem key={entry.review.id} entry={entry} isChosen={entry.review.id === chosen} />
      ))}
    </ol>
  );
}

function ReviewItem({ entry: { review, decided }, isChosen }: { readonly entry: InboxEntry; readonly isChosen: boolean }) {
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isChosen) item.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen]);
  const votes = votesText(review, useNow(VOTES_MS));
  const decision = decided?.decision ?? review.decision;
  return (
    <li ref={item} data-decided={decided !== null || undefined}>
      <Link
        to="/inbox"
        search={(before) => ({ ...before, review: review.id })}
        className={styles["item"]}
        aria-current={isChosen ? "true" : undefined}
        resetScroll={false}
      >
        <span className={styles["matter"]}>
          {matterText(review)}
          {decision === null ? (
            <span className={styles["age"]}>
              <Clock size={12} aria-hidden />
              <Age at={review.requestedAt} />
            </span>
          ) : (
            <DecisionBadge decision={decision} />
          )}
        </span>
        <span className={styles["title"]}>{review.session?.title ?? review.sessionId}</span>
        <span className={styles["action"]}>
          {decision !== null && isPolicys(review) ? "By policy. " : ""}
          {decision !== null || votes === null ? null : `${votes}. `}
          <TextWithIds text={review.action ?? review.id} />
        </span>
      </Link>
    </li>
  );
}

/** Reviews that are on their way. */
export function ReviewListSkeleton() {
  return (
    <div className={styles["list"]} role="status" aria-label="Loading reviews">
      {["70%", "55%", "64%"].map((width) => (
        <div key={width} className={styles["item"]}>
          <Skeleton width="50%" height="0.8rem" />
          <Skeleton width={width} height="1.1rem" />
          <Skeleton width="35%" height="0.8rem" />
        </div>
      ))}
    </div>
  );
}
