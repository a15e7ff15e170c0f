/** What a review carries besides its question, each fact as what it is and leading to where it comes from. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { CopyButton } from "../../ui/code.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Instant, Money } from "../../ui/figures.tsx";
import { SessionBadge } from "../../ui/state-badges.tsx";
import styles from "./review-detail.module.css";
import { contextFacts, type ContextFact } from "./review-context.ts";
import type { Review } from "./reviews.ts";

export function ReviewFacts({ review }: { readonly review: Review }) {
  const { sessionId, session, deadline, requestedAt, actionDigest } = review;
  return (
    <Facts
      facts={[
        [
          "Session",
          <span key="session" className={styles["session"]}>
            <Link to="/sessions/$sessionId" params={{ sessionId }}>
              {session?.title ?? sessionId}
            </Link>
            {session === null ? null : <SessionBadge state={session.state} />}
          </span>,
        ],
        ...(session === null ? [] : [["Work order", <code key="order">{`${session.assemblyId} · ${session.workOrderId}`}</code>] as const]),
        ["Asked", <Instant key="asked" at={requestedAt} />],
        ["Deadline", deadline === null ? "none" : <Instant key="deadline" at={deadline} />],
        ["Action digest", <Digest key="digest" text={actionDigest} />],
        ...contextFacts(review).map((fact) => [fact.name, <Fact key={fact.key} fact={fact} sessionId={sessionId} />] as const),
      ]}
    />
  );
}

function Digest({ text }: { readonly text: string }) {
  return (
    <span className={styles["digest"]}>
      <code>{text}</code>
      <CopyButton text={text} label="Copy the digest" />
    </span>
  );
}

function Fact({ fact, sessionId }: { readonly fact: ContextFact; readonly sessionId: string }): ReactNode {
  switch (fact.kind) {
    case "money":
      return <Money usd={fact.usd} />;
    case "digest":
      return <Digest text={fact.text} />;
    case "bead":
      return <BeadLink id={fact.text} sessionId={sessionId} />;
    case "artifact":
      return (
        <Link to="/sessions/$sessionId/lineage" params={{ sessionId }} search={{ artifact: fact.text }}>
          <code>{fact.text}</code>
        </Link>
      );
    case "beads":
      return <Items items={fact.items.map((id) => [id, <BeadLink key={id} id={id} sessionId={sessionId} />] as const)} />;
    case "list":
      return <Items items={fact.items.map((item) => [item, item] as const)} />;
    default:
      return fact.text;
  }
}

function BeadLink({ id, sessionId }: { readonly id: string; readonly sessionId: string }) {
  return (
    <Link to="/sessions/$sessionId/graph" params={{ sessionId }} search={{ bead: id }}>
      <code>{id}</code>
    </Link>
  );
}

function Items({ items }: { readonly items: readonly (readonly [key: string, content: ReactNode])[] }) {
  return (
    <ul className={styles["items"]}>
      {items.map(([key, content]) => (
        <li key={key}>{content}</li>
      ))}
    </ul>
  );
}
