/** One event: a line in words, and all of it when it is open. */
import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { CodeBlock, Id } from "../../../ui/code.tsx";
import { Facts } from "../../../ui/facts.tsx";
import { Skeleton } from "../../../ui/states.tsx";
import { wordsOf } from "../../../ui/state-badges.tsx";
import { useSessionView, type EventRow } from "../session-view.tsx";
import { eventLine } from "./event-text.ts";
import { clockText, exactText, subjectsOf } from "./event-details.ts";
import styles from "./timeline-row.module.css";

export type TimelineRowProps = {
  readonly index: number;
  /** Null while it is on its way. */
  readonly event: EventRow | null;
  readonly isOpen: boolean;
  readonly onToggle: (seq: number) => void;
};

export function TimelineRow({ index, event, isOpen, onToggle }: TimelineRowProps) {
  const { model } = useSessionView();
  if (event === null) {
    return (
      <div className={styles["row"]}>
        <span className={styles["seq"]}>{index + 1}</span>
        <Skeleton width="60%" />
      </div>
    );
  }
  const { text, tone } = eventLine(event.kind, event.payload, (id) => model.beads.get(id)?.title ?? id);
  return (
    <>
      <Line index={index} event={event} text={text} tone={tone} isOpen={isOpen} onToggle={onToggle} />
      {isOpen ? <Details event={event} /> : null}
    </>
  );
}

type LineProps = TimelineRowProps & { readonly event: EventRow; readonly text: string; readonly tone: string };

/** Lines stay as they are while others come. */
const Line = memo(function Line({ index, event: { seq, kind, occurredAt }, text, tone, isOpen, onToggle }: LineProps) {
  return (
    <button type="button" className={styles["row"]} data-row={index} aria-expanded={isOpen} onClick={() => onToggle(seq)}>
      <span className={styles["seq"]}>{seq}</span>
      <time className={styles["time"]} dateTime={occurredAt} title={exactText(occurredAt)}>
        {clockText(occurredAt)}
      </time>
      <span className={styles["dot"]} data-tone={tone} aria-hidden />
      <span className={styles["text"]}>{text}</span>
      <span className={styles["kind"]}>{wordsOf(kind)}</span>
    </button>
  );
});

function Details({ event }: { readonly event: EventRow }) {
  const { seq, kind, stream, occurredAt, eventId, runId, hash, payload } = event;
  const { sessionId } = useSessionView();
  const { beadId, artifactId } = subjectsOf(payload);
  return (
    <div className={styles["details"]}>
      <Facts
        facts={[
          ["Kind", <code key="kind">{kind}</code>],
          ["Time", exactText(occurredAt)],
          ["Stream", stream],
          ["Event", <Id key="event" id={eventId} />],
          ["Hash", <Id key="hash" id={hash} />],
          ...(runId === null ? [] : [["Run", <Id key="run" id={runId} />] as const]),
          [
            "See",
            <span key="see" className={styles["links"]}>
              {beadId === null ? null : (
                <>
                  <Link to="/sessions/$sessionId/graph" params={{ sessionId }} search={{ bead: beadId }}>
                    the bead
                  </Link>
                  <Link from="/sessions/$sessionId/timeline" search={{ bead: beadId }}>
                    its events
                  </Link>
                </>
              )}
              {artifactId === null ? null : (
                <Link to="/sessions/$sessionId/lineage" params={{ sessionId }} search={{ artifact: artifactId }}>
                  its lineage
                </Link>
              )}
              <Link from="/sessions/$sessionId/timeline" search={{ at: seq }}>
                this event in the whole log
              </Link>
            </span>,
          ],
        ]}
      />
      <CodeBlock text={JSON.stringify(payload, null, 2)} label={`payload of event ${seq}`} />
    </div>
  );
}
