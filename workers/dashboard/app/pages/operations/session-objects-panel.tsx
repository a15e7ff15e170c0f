/** Each object of one session, as it says of itself now. Finished sessions have objects, too. */
import { Link, useNavigate } from "@tanstack/react-router";
import type { LeaseHealth, ObjectHealthResponse } from "@factory/schemas/proto";
import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { errorText } from "../../data/error-text.ts";
import { factoryClient } from "../../data/factory-client.ts";
import { IconButton } from "../../ui/button.tsx";
import { Id } from "../../ui/code.tsx";
import { Age, Instant } from "../../ui/figures.tsx";
import { Panel } from "../../ui/panel.tsx";
import { SessionBadge } from "../../ui/state-badges.tsx";
import { FailedState, SkeletonLines } from "../../ui/states.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import { LevelBadge } from "./level-badge.tsx";
import { ObjectsTable } from "./objects-table.tsx";
import { instantOf, msOf, UNKNOWN } from "./operations-text.ts";
import styles from "./session-objects-panel.module.css";
import { useRepeatedCall } from "./use-repeated-call.ts";

export function SessionObjectsPanel({ sessionId }: { readonly sessionId: string }) {
  const navigate = useNavigate({ from: "/operations" });
  const { answer, error, ask } = useRepeatedCall(sessionId, (signal) => factoryClient.admin.objectHealth({ sessionId }, { signal }));
  const place = useRef<HTMLDivElement>(null);
  const isKnown = answer !== null;
  useEffect(() => {
    // Newer browsers answer a promise here, which an effect must not return.
    place.current?.scrollIntoView({ block: "nearest" });
  }, [sessionId, isKnown]);
  return (
    <div ref={place} className={styles["place"]}>
      <Panel
        title={`Objects of ${sessionId}`}
        flush
        actions={
          <>
            {answer === null ? null : <SessionBadge state={answer.sessionState} />}
            <Link to="/sessions/$sessionId" params={{ sessionId }}>
              Session
            </Link>
            <IconButton label="Close" icon={X} onPress={() => void navigate({ search: {}, resetScroll: false })} />
          </>
        }
      >
        {answer === null && error === null ? <SkeletonLines lines={8} label="Asking the session's objects" /> : null}
        {answer === null && error !== null ? <FailedState title="Its objects cannot be asked" message={errorText(error)} onRetry={ask} /> : null}
        {answer === null ? null : <Answered answer={answer} error={error} />}
      </Panel>
    </div>
  );
}

function Answered({ answer, error }: { readonly answer: ObjectHealthResponse; readonly error: unknown }) {
  const leases = answer.objects.flatMap((object) => object.leases);
  return (
    <>
      {error === null ? null : (
        <p className={styles["stale"]} role="status">
          {errorText(error)} This is as of <Instant at={instantOf(answer.askedAt)} />.
        </p>
      )}
      <ObjectsTable label={`What each object of ${answer.sessionId} says`} objects={answer.objects} now={msOf(answer.askedAt) ?? Date.now()} />
      {leases.length === 0 ? null : (
        <div className={styles["leases"]}>
          <h3>Leases that are held</h3>
          <Table label="Held leases" columns={LEASE_COLUMNS} rows={leases} rowKey={({ beadId, epoch }) => `${beadId} ${epoch}`} />
        </div>
      )}
    </>
  );
}

const LEASE_COLUMNS: readonly Column<LeaseHealth>[] = [
  { id: "bead", head: "Bead", cell: ({ beadId }) => <Id id={beadId} /> },
  { id: "slot", head: "Held by", cell: ({ slot }) => (slot === undefined ? "coordinator" : `slot ${slot}`) },
  { id: "epoch", head: "Epoch", kind: "number", cell: ({ epoch }) => epoch },
  { id: "claimed", head: "Claimed", cell: ({ claimedAt }) => <Age at={instantOf(claimedAt)} /> },
  { id: "until", head: "Runs out", cell: ({ leaseUntil }) => (leaseUntil === undefined ? UNKNOWN : <Age at={instantOf(leaseUntil)} />) },
  { id: "standing", head: "Standing", cell: ({ expired }) => (expired ? <LevelBadge level="warn" /> : "held") },
];
