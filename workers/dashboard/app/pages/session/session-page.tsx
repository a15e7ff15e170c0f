/** A session: what it is and how it stands, above tabs that show its parts. */
import { Link, Outlet, useParams } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { useEffect, useState } from "react";
import { errorText } from "../../data/error-text.ts";
import { EmptyState, FailedState, SkeletonLines } from "../../ui/states.tsx";
import { SessionAnnouncer } from "./session-announcer.tsx";
import { SessionHeader, SessionHeaderSkeleton } from "./session-header.tsx";
import { SessionNotice } from "./session-notice.tsx";
import styles from "./session-page.module.css";
import { SessionTabs } from "./session-tabs.tsx";
import { SessionViewProvider, useSessionPageState } from "./session-view.tsx";

/** A session that was submitted a moment ago is not in the read model yet; after this it is said to be missing. */
const MISSING_AFTER_MS = 3_000;

export function SessionPage() {
  const { sessionId } = useParams({ from: "/sessions/$sessionId" });
  return (
    <SessionViewProvider key={sessionId} sessionId={sessionId}>
      <SessionFrame sessionId={sessionId} />
    </SessionViewProvider>
  );
}

function SessionFrame({ sessionId }: { readonly sessionId: string }) {
  const state = useSessionPageState();
  switch (state.kind) {
    case "asking":
      return <SessionSkeleton sessionId={sessionId} />;
    case "missing":
      return <MissingSession sessionId={sessionId} />;
    case "failed":
      return <FailedState title="The session cannot be shown" message={errorText(state.error)} />;
    case "known":
      return (
        <div className={styles["page"]}>
          <SessionHeader />
          <SessionNotice />
          <SessionTabs sessionId={sessionId} />
          <SessionAnnouncer />
          {state.error === null ? null : (
            <p className={styles["stale"]} role="status">
              {errorText(state.error)}
            </p>
          )}
          <Outlet />
        </div>
      );
    default:
      return state satisfies never;
  }
}

function SessionSkeleton({ sessionId }: { readonly sessionId: string }) {
  return (
    <div className={styles["page"]}>
      <SessionHeaderSkeleton />
      <SessionTabs sessionId={sessionId} />
      <SkeletonLines lines={8} label="Loading the session" />
    </div>
  );
}

function MissingSession({ sessionId }: { readonly sessionId: string }) {
  const [isPatient, setIsPatient] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setIsPatient(false), MISSING_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  if (isPatient) return <SessionSkeleton sessionId={sessionId} />;
  return (
    <EmptyState icon={SearchX} title="There is no such session">
      Your organisation has no session {sessionId}. The address may be cut short. <Link to="/sessions">Go to the list of sessions</Link>. The page goes on
      looking for it.
    </EmptyState>
  );
}
