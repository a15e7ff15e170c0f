/** Messages that no delivery took. */
import { Link } from "@tanstack/react-router";
import type { DeadLetter, DeadLetters } from "@factory/schemas/proto";
import { MailCheck } from "lucide-react";
import { Id } from "../../ui/code.tsx";
import { countText } from "../../ui/figure-text.ts";
import { Age } from "../../ui/figures.tsx";
import { Panel } from "../../ui/panel.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import styles from "./dead-letters-panel.module.css";
import { aboutOf, queueAdvice } from "./dead-letters.ts";
import { instantOf } from "./operations-text.ts";

export function DeadLettersPanel({ deadLetters }: { readonly deadLetters: DeadLetters | undefined }) {
  return (
    <Panel title="Dead letters" flush>
      {deadLetters === undefined ? (
        <EmptyState icon={MailCheck} title="Dead letters are not known">
          The read side did not say. Look at the health of the Worker graphql.
        </EmptyState>
      ) : (
        <Known deadLetters={deadLetters} />
      )}
    </Panel>
  );
}

function Known({ deadLetters: { count, unattributed, letters, queues } }: { readonly deadLetters: DeadLetters }) {
  return (
    <>
      {unattributed === 0n ? null : (
        <p className={styles["advice"]}>
          {countText(Number(unattributed), "message names", "messages name")} no organisation: nothing is told of them, and their senders are to be mended.
        </p>
      )}
      {queues.map(({ queue, count: died }) => (
        <p key={queue} className={styles["advice"]}>
          <strong>
            {queue} {died.toLocaleString()}
          </strong>{" "}
          {queueAdvice(queue)}
        </p>
      ))}
      {letters.length === 0 ? (
        <p className={styles["none"]}>
          <MailCheck size={16} aria-hidden />
          No message has died. One that a queue delivers in vain too often is kept here with the reason.
        </p>
      ) : (
        <Table label="The newest dead letters" columns={COLUMNS} rows={letters} rowKey={({ queue, key }) => `${queue} ${key}`} />
      )}
      {BigInt(letters.length) < count ? (
        <p className={styles["advice"]}>
          These are the newest {letters.length} of {count.toLocaleString()}.
        </p>
      ) : null}
    </>
  );
}

const COLUMNS: readonly Column<DeadLetter>[] = [
  {
    id: "died",
    head: "Died",
    cell: ({ diedAt }) => (
      <span className={styles["died"]}>
        <Age at={instantOf(diedAt)} />
      </span>
    ),
  },
  { id: "queue", head: "Queue", cell: ({ queue }) => queue },
  { id: "about", head: "About", cell: (letter) => <About letter={letter} /> },
  { id: "reason", head: "Reason", cell: ({ reason }) => <span className={styles["reason"]}>{reason}</span> },
  {
    id: "digest",
    head: "Body",
    cell: ({ bodyDigest }) => (
      <span className={styles["digest"]} title="SHA-256 of the message's body">
        <Id id={bodyDigest} />
      </span>
    ),
  },
];

function About({ letter }: { readonly letter: DeadLetter }) {
  return (
    <dl className={styles["about"]}>
      {aboutOf(letter).map(({ name, id, sessionId }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {sessionId === null ? (
              id
            ) : (
              <Link to="/operations" search={{ session: sessionId }} resetScroll={false}>
                {id}
              </Link>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
