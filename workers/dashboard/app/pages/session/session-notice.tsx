/** What somebody has to know before anything else of a session: that it failed and why, or that it waits for a person. */
import { Link, useMatchRoute } from "@tanstack/react-router";
import { CircleAlert, CircleSlash, Hand, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { countText } from "../../ui/figure-text.ts";
import { wordsOf } from "../../ui/state-badges.tsx";
import { suggestionOf } from "./error-suggestion.ts";
import styles from "./session-notice.module.css";
import { useSessionView } from "./session-view.tsx";

export function SessionNotice() {
  const { sessionId, model } = useSessionView();
  // The overview tells in full what is asked.
  const isOverview = useMatchRoute()({ to: "/sessions/$sessionId", params: { sessionId } }) !== false;
  switch (model.outcome) {
    case "FAILED":
    case "REJECTED":
      return <EndNotice icon={CircleAlert} tone="bad" />;
    case "CANCELLED":
      return <EndNotice icon={CircleSlash} tone="idle" />;
    default:
      return model.openReviewIds.length === 0 || isOverview ? null : <AskNotice />;
  }
}

function EndNotice({ icon, tone }: { readonly icon: LucideIcon; readonly tone: "bad" | "idle" }) {
  const { reason, reasonCode, outcome } = useSessionView().model;
  const suggestion = reasonCode === null ? null : suggestionOf(reasonCode);
  return (
    <Notice icon={icon} tone={tone} title={`The session was ${outcome === null ? "ended" : wordsOf(outcome)}`.replace("was failed", "failed")}>
      <p className={styles["reason"]}>{reason === null || reason === "" ? "The log gives no reason." : reason}</p>
      {reasonCode === null || reasonCode === "" ? null : (
        <p>
          <code>{reasonCode}</code> {suggestion}
        </p>
      )}
    </Notice>
  );
}

function AskNotice() {
  const { openReviewIds } = useSessionView().model;
  const [review] = openReviewIds;
  return (
    <Notice icon={Hand} tone="warn" title={openReviewIds.length === 1 ? "A person is asked" : `${countText(openReviewIds.length, "review")} wait for a person`}>
      <p>
        The session goes on once this is decided.{" "}
        <Link to="/inbox" search={review === undefined ? {} : { review }}>
          Read what is asked, and decide
        </Link>
      </p>
    </Notice>
  );
}

type NoticeProps = { readonly icon: LucideIcon; readonly tone: "bad" | "idle" | "warn"; readonly title: string; readonly children: ReactNode };

function Notice({ icon: Icon, tone, title, children }: NoticeProps) {
  return (
    <section className={styles["notice"]} data-tone={tone} aria-label={title}>
      <Icon size={18} aria-hidden />
      <div className={styles["words"]}>
        <h2>{title}</h2>
        {children}
      </div>
    </section>
  );
}
