/** Everything that waits for a person: chosen on the left, read and decided on the right. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { CircleCheckBig, Inbox as InboxIcon, X } from "lucide-react";
import { useState } from "react";
import { useViewer } from "../../data/factory-context.tsx";
import { PageHead } from "../../shell/page-head.tsx";
import { isOneOfSeveral, votesText } from "../../shared/votes.ts";
import { useShortcuts } from "../../shell/shortcuts.ts";
import { IconButton } from "../../ui/button.tsx";
import { countText } from "../../ui/figure-text.ts";
import { EmptyState, FailedState, SkeletonLines } from "../../ui/states.tsx";
import { DecisionDialog } from "./decision-dialog.tsx";
import styles from "./inbox.module.css";
import { idBeside, type InboxEntry } from "./inbox-list.ts";
import { SHOWN } from "./inbox-search.ts";
import { decisionsOf } from "./review-context.ts";
import { DECIDES, DECISION_KEYS, ReviewDetail } from "./review-detail.tsx";
import { ReviewList, ReviewListSkeleton } from "./review-list.tsx";
import type { Decision, Review } from "./reviews.ts";
import { useDecided, useInbox } from "./use-inbox.ts";

export function InboxPage() {
  const { show = "open" } = useSearch({ from: "/inbox" });
  return (
    <>
      <PageHead
        title="Inbox"
        lead={show === "open" ? "What waits for a person, who waits longest first." : "What has been decided, the last first."}
        actions={
          <nav aria-label="Reviews" className={styles["tabs"]}>
            {SHOWN.map((one) => (
              <Link key={one} to="/inbox" search={one === "open" ? {} : { show: one }} activeOptions={{ exact: true }} data-chosen={one === show || undefined}>
                {one === "open" ? "Open" : "Decided"}
              </Link>
            ))}
          </nav>
        }
      />
      {show === "open" ? <OpenReviews /> : <DecidedReviews />}
    </>
  );
}

/** A review that somebody is about to decide. */
type Deciding = { readonly review: Review; readonly decision: Decision };

function OpenReviews() {
  const { entries, open, more, error, askAgain, keepDecided } = useInbox();
  const [deciding, setDeciding] = useState<Deciding | null>(null);
  const [moved, setMoved] = useState<string | null>(null);
  const [voted, setVoted] = useState<string | null>(null);
  const begin = (review: Review, decision: Decision): void => {
    setMoved(null);
    setVoted(null);
    setDeciding({ review, decision });
  };
  const decided = ({ review, decision }: Deciding, note: string): void => {
    setDeciding(null);
    const now = Date.now();
    // It stays where it is: others have to approve as well.
    if (isOneOfSeveral(review, decision, now)) setVoted(`Your vote is kept. ${votesText(review, now) ?? ""} had been given before it.`);
    else keepDecided({ review, decision, note, at: now });
    askAgain();
  };
  return (
    <>
      {moved === null ? null : (
        <p role="alert" className={styles["moved"]}>
          <span>Nothing was decided. {moved}</span>
          <IconButton label="Put this away" icon={X} onPress={() => setMoved(null)} />
        </p>
      )}
      {voted === null ? null : (
        <p role="status" className={styles["moved"]}>
          <span>{voted}</span>
          <IconButton label="Put this away" icon={X} onPress={() => setVoted(null)} />
        </p>
      )}
      <Reviews entries={entries} error={error} askAgain={askAgain} onDecide={begin} empty={<NothingWaits />} />
      {more ? <p className={styles["more"]}>More wait than are shown here; they follow as these are decided.</p> : null}
      {deciding === null ? null : (
        <DecisionDialog
          {...deciding}
          open={open}
          onClose={() => setDeciding(null)}
          onDecided={(note) => decided(deciding, note)}
          onMoved={(text) => {
            setDeciding(null);
            setMoved(text);
            askAgain();
          }}
        />
      )}
    </>
  );
}

function DecidedReviews() {
  const { entries, error, askAgain } = useDecided();
  return (
    <Reviews
      entries={entries}
      error={error}
      askAgain={askAgain}
      empty={
        <EmptyState icon={InboxIcon} title="Nothing was decided yet">
          Decisions of people and of policies are listed here, with their reasons.
        </EmptyState>
      }
    />
  );
}

const NothingWaits = () => (
  <EmptyState icon={CircleCheckBig} title="Nothing waits for you">
    Approvals, questions and budgets come here by themselves. <Link to="/sessions">Look at what runs</Link>, or give an order the line{" "}
    <code>review_mode: human</code> to be asked before it is built.
  </EmptyState>
);

type ReviewsProps = {
  readonly entries: readonly InboxEntry[] | undefined;
  readonly error: string | undefined;
  readonly askAgain: () => void;
  readonly onDecide?: (review: Review, decision: Decision) => void;
  readonly empty: React.ReactNode;
};

/** The list and what is chosen of it. Where nothing is chosen, the first is shown beside the list, and on a phone the list alone. */
function Reviews({ entries, error, askAgain, onDecide, empty }: ReviewsProps) {
  const { review: wanted } = useSearch({ from: "/inbox" });
  const chosen = entries?.find(({ review }) => review.id === wanted) ?? (wanted === undefined ? entries?.[0] : undefined);
  useReviewKeys(entries ?? [], chosen, onDecide);
  if (entries === undefined && error !== undefined) return <FailedState title="The reviews cannot be read" message={error} onRetry={askAgain} />;
  if (entries?.length === 0 && wanted === undefined) return empty;
  return (
    <div className={styles["both"]} data-chosen={wanted !== undefined || undefined}>
      <div className={styles["side"]}>
        {entries === undefined ? <ReviewListSkeleton /> : <ReviewList entries={entries} chosen={chosen?.review.id} />}
        {entries === undefined || entries.length === 0 ? null : <p className={styles["count"]}>{countText(entries.length, "review")}</p>}
      </div>
      <div className={styles["main"]}>
        {entries === undefined ? (
          <SkeletonLines lines={9} label="Loading the review" />
        ) : chosen === undefined ? (
          <NotHere />
        ) : (
          <ReviewDetail key={chosen.review.id} entry={chosen} onDecide={(decision) => onDecide?.(chosen.review, decision)} />
        )}
      </div>
    </div>
  );
}

function NotHere() {
  const { show = "open" } = useSearch({ from: "/inbox" });
  return (
    <EmptyState icon={InboxIcon} title={show === "open" ? "This review is not open" : "This review is not among the last that were decided"}>
      {show === "open" ? (
        <>
          It was decided, or its session has ended.{" "}
          <Link to="/inbox" search={(before) => ({ ...before, show: "decided" })}>
            Look among the decided ones
          </Link>
          , or{" "}
          <Link to="/inbox" search={{}}>
            at what waits
          </Link>
          .
        </>
      ) : (
        <Link to="/inbox" search={{}}>
          Look at what waits
        </Link>
      )}
    </EmptyState>
  );
}

function useReviewKeys(entries: readonly InboxEntry[], chosen: InboxEntry | undefined, onDecide: ReviewsProps["onDecide"]): void {
  const navigate = useNavigate({ from: "/inbox" });
  const { scopes } = useViewer();
  const go = (by: 1 | -1) => () => {
    const review = idBeside(
      entries.map(({ review: { id } }) => id),
      chosen?.review.id,
      by,
    );
    void navigate({ search: (before) => ({ ...before, review }), replace: true, resetScroll: false });
  };
  const takes = (decision: Decision): boolean =>
    scopes.includes(DECIDES) &&
    chosen !== undefined &&
    chosen.decided === null &&
    chosen.review.decision === null &&
    decisionsOf(chosen.review).includes(decision);
  const choose = (decision: Decision) => () => {
    if (chosen !== undefined && takes(decision)) onDecide?.(chosen.review, decision);
  };
  useShortcuts("Inbox", [
    { keys: ["j", "ArrowDown"], text: "Next review", run: go(1) },
    { keys: ["k", "ArrowUp"], text: "Review before", run: go(-1) },
    { keys: [DECISION_KEYS.approved], text: "Approve", run: choose("approved") },
    { keys: [DECISION_KEYS.rejected], text: "Reject, with the reason", run: choose("rejected") },
    { keys: [DECISION_KEYS.amended], text: "Amend or answer", run: choose("amended") },
    { keys: ["Mod+Enter"], text: "Send the decision that is being written", run: () => undefined },
  ]);
}
