/** Whether anything needs an operator, and what to do about it. */
import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, CircleHelp, TriangleAlert, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { Button } from "../../ui/button.tsx";
import { LevelBadge } from "./level-badge.tsx";
import { verdictOf, verdictText, type Finding } from "./operations-findings.ts";
import type { Level } from "./operations-thresholds.ts";
import styles from "./verdict.module.css";

/** Findings that are shown before somebody asks for the rest. */
const SHOWN_FINDINGS = 5;

const ICONS: { readonly [level in Level]: LucideIcon } = { none: CircleCheck, ok: CircleCheck, unknown: CircleHelp, warn: TriangleAlert, bad: CircleAlert };

export function Verdict({ findings }: { readonly findings: readonly Finding[] }) {
  const [showsAll, setShowsAll] = useState(false);
  const level = verdictOf(findings);
  const Icon = ICONS[level];
  const shown = showsAll ? findings : findings.slice(0, SHOWN_FINDINGS);
  return (
    <section className={styles["verdict"]} data-level={level} aria-labelledby="operations-verdict">
      <div className={styles["sentence"]} aria-live="polite">
        <Icon size={20} aria-hidden />
        <h2 id="operations-verdict">{verdictText(findings)}</h2>
      </div>
      {shown.length === 0 ? null : (
        <ul className={styles["findings"]}>
          {shown.map((finding) => (
            <FindingRow key={finding.id} finding={finding} />
          ))}
        </ul>
      )}
      {findings.length > SHOWN_FINDINGS ? (
        <Button kind="quiet" onPress={() => setShowsAll(!showsAll)} aria-expanded={showsAll}>
          {showsAll ? "Show fewer" : `Show all ${findings.length}`}
        </Button>
      ) : null}
    </section>
  );
}

function FindingRow({ finding: { level, text, remedy, sessionId } }: { readonly finding: Finding }) {
  return (
    <li className={styles["finding"]}>
      <LevelBadge level={level} />
      <div className={styles["words"]}>
        <p>{text}</p>
        <p className={styles["remedy"]}>
          {remedy.startsWith("npx ") ? <code>{remedy}</code> : remedy}
          {sessionId === null ? null : (
            <>
              {" "}
              <Link to="/operations" search={{ session: sessionId }} resetScroll={false}>
                Open its objects
              </Link>
            </>
          )}
        </p>
      </div>
    </li>
  );
}
