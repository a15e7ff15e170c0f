/** How the factory does: whether anything needs an operator, then the parts that say so. */
import { useSearch } from "@tanstack/react-router";
import type { OperationsResponse } from "@factory/schemas/proto";
import { RotateCw } from "lucide-react";
import { useMemo } from "react";
import { errorText } from "../../data/error-text.ts";
import { PageHead } from "../../shell/page-head.tsx";
import { Button } from "../../ui/button.tsx";
import { Instant } from "../../ui/figures.tsx";
import { Panel } from "../../ui/panel.tsx";
import { FailedState, Skeleton, SkeletonLines } from "../../ui/states.tsx";
import { DeadLettersPanel } from "./dead-letters-panel.tsx";
import { FiguresStrip, FiguresStripSkeleton } from "./figures-strip.tsx";
import { ObjectsTable } from "./objects-table.tsx";
import { findingsOf } from "./operations-findings.ts";
import type { OperationsHistory } from "./operations-history.ts";
import styles from "./operations-page.module.css";
import { instantOf, msOf } from "./operations-text.ts";
import { SessionObjectsPanel } from "./session-objects-panel.tsx";
import { SessionsPanel } from "./sessions-panel.tsx";
import { StoragePanel } from "./storage-panel.tsx";
import { useOperations } from "./use-operations.ts";
import { OPERATIONS_POLL_MS } from "./use-repeated-call.ts";
import { Verdict } from "./verdict.tsx";
import { WorkersPanel } from "./workers-panel.tsx";

export function OperationsPage() {
  const { session } = useSearch({ from: "/operations" });
  const { answer, history, error, isAsking, ask } = useOperations();
  return (
    <>
      <PageHead
        title="Operations"
        lead={<AsOf answer={answer} hasFailed={error !== null} />}
        actions={
          <Button icon={RotateCw} onPress={ask} isDisabled={isAsking && answer === null}>
            Refresh
          </Button>
        }
      />
      <div className={styles["page"]}>
        {answer !== null && error !== null ? (
          <p className={styles["stale"]} role="alert">
            The factory could not be asked again: {errorText(error)} What is shown is old.
          </p>
        ) : null}
        {answer === null && error !== null ? <FailedState title="The factory cannot be asked how it does" message={errorText(error)} onRetry={ask} /> : null}
        {answer === null ? null : <AtAGlance answer={answer} history={history} session={session} />}
        {answer === null && error === null ? <PageSkeleton /> : null}
        {session === undefined ? null : <SessionObjectsPanel sessionId={session} />}
        {answer === null ? null : <Parts answer={answer} />}
      </div>
    </>
  );
}

function AsOf({ answer, hasFailed }: { readonly answer: OperationsResponse | null; readonly hasFailed: boolean }) {
  if (answer === null) return hasFailed ? "No answer yet" : "Asking the factory";
  return (
    <>
      As of <Instant at={instantOf(answer.askedAt)} />, asked every {OPERATIONS_POLL_MS / 1_000} s while you look
    </>
  );
}

type AtAGlanceProps = { readonly answer: OperationsResponse; readonly history: OperationsHistory; readonly session: string | undefined };

function AtAGlance({ answer, history, session }: AtAGlanceProps) {
  const findings = useMemo(() => findingsOf(answer, history.still), [answer, history.still]);
  return (
    <>
      <Verdict findings={findings} />
      <FiguresStrip answer={answer} history={history} findings={findings} />
      <SessionsPanel answer={answer} findings={findings} open={session} />
    </>
  );
}

function Parts({ answer }: { readonly answer: OperationsResponse }) {
  return (
    <>
      <DeadLettersPanel deadLetters={answer.deadLetters} />
      <WorkersPanel workers={answer.workers} />
      <StoragePanel storage={answer.storage} />
      <Panel title="The organisation's own objects" flush>
        <ObjectsTable label="Objects of the organisation" objects={answer.organisation} now={msOf(answer.askedAt) ?? Date.now()} />
      </Panel>
    </>
  );
}

function PageSkeleton() {
  return (
    <>
      <div className={styles["verdict"]}>
        <Skeleton width="14rem" height="1.25rem" />
      </div>
      <FiguresStripSkeleton />
      <Panel title="Open sessions" flush>
        <SkeletonLines lines={6} label="Asking the open sessions" />
      </Panel>
    </>
  );
}
