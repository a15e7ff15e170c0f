/** What has happened to a bead: its steps, what was checked, asked, found and denied. A part of which there is nothing is left out. */
import { Badge } from "../../../ui/badge.tsx";
import { Age, Duration } from "../../../ui/figures.tsx";
import { BeadBadge } from "../../../ui/state-badges.tsx";
import styles from "./bead-history.module.css";
import { DetailSection } from "./detail-section.tsx";
import type { BeadDetail } from "./graph-queries.ts";

export function Transitions({ transitions }: { readonly transitions: BeadDetail["transitions"]["nodes"] }) {
  return (
    <DetailSection name="Steps" count={transitions.length}>
      <ol className={styles["entries"]}>
        {transitions.map(({ seq, toState, attempt, cycle, epoch, reason, errorCode, durationMs, occurredAt }) => (
          <li key={seq}>
            <div className={styles["line"]}>
              <BeadBadge state={toState} />
              <span title={`epoch ${epoch}, event ${seq}`}>
                attempt {attempt}
                {cycle === 0 ? "" : `, cycle ${cycle}`}
              </span>
              <span className={styles["when"]}>
                {durationMs === null ? null : (
                  <>
                    took <Duration ms={durationMs} /> ·{" "}
                  </>
                )}
                <Age at={occurredAt} />
              </span>
            </div>
            {reason === null || reason === "" ? null : (
              <p>
                {errorCode === null || errorCode === "" ? null : <code>{errorCode} </code>}
                {reason}
              </p>
            )}
          </li>
        ))}
      </ol>
    </DetailSection>
  );
}

export function Checks({ checks }: { readonly checks: BeadDetail["checks"] }) {
  if (checks.length === 0) return null;
  return (
    <DetailSection name="Checks that the platform ran" count={checks.length}>
      <ul className={styles["entries"]}>
        {checks.map((check) => (
          <li key={check.id}>
            <div className={styles["line"]}>
              <Badge tone={check.ok ? "good" : "bad"}>{check.ok ? "passed" : "failed"}</Badge>
              <span>{check.holdout ? "hidden examples" : check.kind}</span>
              <span className={styles["when"]}>
                attempt {check.attempt}
                {check.cycle === 0 ? "" : `, cycle ${check.cycle}`}
              </span>
            </div>
            <p>{check.summary === "" ? check.command : check.summary}</p>
          </li>
        ))}
      </ul>
    </DetailSection>
  );
}

export function Clarifications({ clarifications }: { readonly clarifications: BeadDetail["clarifications"]["nodes"] }) {
  if (clarifications.length === 0) return null;
  return (
    <DetailSection name="Clarifications" count={clarifications.length}>
      <ul className={styles["entries"]}>
        {clarifications.map(({ id, question, answer, answeredBy, askedAt }) => (
          <li key={id}>
            <div className={styles["line"]}>
              {answer === null ? <Badge tone="warn">waits for an answer</Badge> : <Badge tone="good">answered</Badge>}
              <span className={styles["when"]}>
                <Age at={askedAt} />
              </span>
            </div>
            <p>{question ?? "–"}</p>
            {answer === null ? null : (
              <p>
                <b>{answeredBy ?? "–"}:</b> {answer}
              </p>
            )}
          </li>
        ))}
      </ul>
    </DetailSection>
  );
}

export function Divergences({ divergences }: { readonly divergences: BeadDetail["divergences"]["nodes"] }) {
  if (divergences.length === 0) return null;
  return (
    <DetailSection name="Divergences" count={divergences.length}>
      <ul className={styles["entries"]}>
        {divergences.map(({ id, type, reason, expected, observed, claimRefs, occurredAt }) => (
          <li key={id}>
            <div className={styles["line"]}>
              <Badge tone="bad">{type.replaceAll("-", " ")}</Badge>
              <span>{claimRefs.join(", ")}</span>
              <span className={styles["when"]}>
                <Age at={occurredAt} />
              </span>
            </div>
            <p>{reason}</p>
            <p>
              <b>Expected:</b> {expected}
            </p>
            <p>
              <b>Observed:</b> {observed}
            </p>
          </li>
        ))}
      </ul>
    </DetailSection>
  );
}

export function Denials({ denials }: { readonly denials: BeadDetail["consentDenials"]["nodes"] }) {
  if (denials.length === 0) return null;
  return (
    <DetailSection name="Consent denials" count={denials.length}>
      <ul className={styles["entries"]}>
        {denials.map(({ seq, toolName, reason, permittedTools, occurredAt }) => (
          <li key={seq}>
            <div className={styles["line"]}>
              <code>{toolName}</code>
              <span className={styles["when"]}>
                <Age at={occurredAt} />
              </span>
            </div>
            <p>{reason}</p>
            <p>Permitted: {permittedTools.length === 0 ? "none" : permittedTools.join(", ")}</p>
          </li>
        ))}
      </ul>
    </DetailSection>
  );
}
