/** What a session is, and how it stands. */
import { Link } from "@tanstack/react-router";
import { Gavel } from "lucide-react";
import type { ReactNode } from "react";
import { useQuery } from "urql";
import { graphql } from "../../data/graphql.ts";
import { Id } from "../../ui/code.tsx";
import { countText } from "../../ui/figure-text.ts";
import { Age, Duration, Money } from "../../ui/figures.tsx";
import { ProblemBadge, SessionBadge } from "../../ui/state-badges.tsx";
import { Skeleton } from "../../ui/states.tsx";
import { BeadProgress } from "./bead-progress.tsx";
import { CancelSession } from "./cancel-session.tsx";
import { LinkButton } from "./link-button.tsx";
import styles from "./session-header.module.css";
import { useSessionView } from "./session-view.tsx";

export function SessionHeader() {
  const { session, model } = useSessionView();
  const problems = model.closed ? [] : session.problems;
  return (
    <header className={styles["head"]}>
      <div className={styles["top"]}>
        <div className={styles["words"]}>
          <h1>{session.title ?? session.workOrderId}</h1>
          <div className={styles["badges"]}>
            <SessionBadge state={model.state} />
            {problems.map((problem) => (
              <ProblemBadge key={problem} problem={problem} />
            ))}
          </div>
        </div>
        <Actions />
      </div>
      <dl className={styles["figures"]}>
        <Figure name="Beads">
          <span className={styles["beads"]}>
            {model.beadCounts.total === 0 ? <NoBeads isClosed={model.closed} /> : `${model.beadCounts.done} of ${model.beadCounts.total} done`}
          </span>
          <BeadProgress counts={model.beadCounts} label="Beads of the session" />
        </Figure>
        <Figure name="Cost">
          <Money usd={model.costs.costUsd} unpriced={model.costs.unpricedCalls} />
          <small>{countText(model.costs.calls, "model call")}</small>
        </Figure>
        <Figure name={model.endedAt === null ? "Started" : "Took"}>
          {model.endedAt === null ? <Age at={session.startedAt} /> : <Duration ms={Date.parse(model.endedAt) - Date.parse(session.startedAt)} />}
          <small>{model.endedAt === null ? <LastEvent at={model.updatedAt} /> : <Age at={model.endedAt} />}</small>
        </Figure>
        <Figure name="Session">
          <Id id={session.id} />
          <small>{session.assemblyId}</small>
        </Figure>
        <Figure name="Run">
          {model.runId === null ? "–" : <Id id={model.runId} />}
          <small>
            <OtherSessions workOrderId={session.workOrderId} />
          </small>
        </Figure>
      </dl>
    </header>
  );
}

const NoBeads = ({ isClosed }: { readonly isClosed: boolean }) => (isClosed ? "none" : "none yet");

function LastEvent({ at }: { readonly at: string }) {
  return (
    <>
      last event <Age at={at} />
    </>
  );
}

function Figure({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className={styles["figure"]}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Actions() {
  const { sessionId, model } = useSessionView();
  const [review] = model.openReviewIds;
  if (model.closed) return null;
  return (
    <div className={styles["actions"]}>
      {review === undefined ? null : (
        <LinkButton to="/inbox" search={{ review }} icon={Gavel}>
          Decide
        </LinkButton>
      )}
      <CancelSession sessionId={sessionId} />
    </div>
  );
}

/** More are said as "more than 20". */
const MOST_SESSIONS = 20;

const SESSIONS_OF_ORDER = graphql(`
  query SessionsOfOrder($workOrderId: ID!, $first: Int!) {
    sessionsByWorkOrder(workOrderId: $workOrderId, first: $first) {
      nodes {
        id
      }
      pageInfo {
        hasNextPage
      }
    }
  }
`);

function OtherSessions({ workOrderId }: { readonly workOrderId: string }) {
  const [{ data }] = useQuery({ query: SESSIONS_OF_ORDER, variables: { workOrderId, first: MOST_SESSIONS } });
  const others = (data?.sessionsByWorkOrder.nodes.length ?? 1) - 1;
  const text = data?.sessionsByWorkOrder.pageInfo.hasNextPage === true ? `more than ${others}` : String(others);
  if (data === undefined || others <= 0) return <span title={workOrderId}>only session of its order</span>;
  return (
    <Link to="/sessions" search={{ search: workOrderId }}>
      {text} more of this order
    </Link>
  );
}

/** As large as the header, so that nothing moves when the session is there. */
export function SessionHeaderSkeleton() {
  return (
    <div className={styles["head"]}>
      <div className={styles["top"]}>
        <div className={styles["words"]}>
          <Skeleton width="18rem" height="1.9rem" />
        </div>
      </div>
      <div className={styles["figures"]}>
        {["Beads", "Cost", "Started", "Session", "Run"].map((name) => (
          <div key={name} className={styles["figure"]}>
            <Skeleton width="3rem" />
            <Skeleton width="80%" height="2.3rem" />
          </div>
        ))}
      </div>
    </div>
  );
}
