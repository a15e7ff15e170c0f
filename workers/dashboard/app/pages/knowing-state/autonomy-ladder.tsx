/** How far each of the three lets an agent go, and how far it may go in the end: the least of them. */
import { AUTONOMY, type Autonomy } from "@factory/schemas";
import { Badge } from "../../ui/badge.tsx";
import styles from "./autonomy-ladder.module.css";
import { AUTONOMY_TEXTS, type Part } from "./governing.ts";

export function AutonomyLadder({ parts, effective }: { readonly parts: readonly Part[]; readonly effective: Autonomy }) {
  return (
    <div className={styles["scroll"]}>
      <table className={styles["ladder"]} aria-label="Autonomy">
        <thead>
          <tr>
            <td />
            {AUTONOMY.map((level) => (
              <th key={level} scope="col" data-effective={level === effective || undefined}>
                {AUTONOMY_TEXTS[level].name}
              </th>
            ))}
            <th scope="col" className={styles["why"]}>
              Why
            </th>
          </tr>
        </thead>
        <tbody>
          {parts.map((part) => (
            <tr key={part.name}>
              <th scope="row">
                {part.name}
                {part.isLeast ? <Badge tone="warn">least</Badge> : null}
              </th>
              <Steps level={part.autonomy} isLeast={part.isLeast} />
              <td className={styles["why"]}>
                {part.reason}
                {part.standing === "active" ? null : <Badge tone="bad">{part.standing}</Badge>}
              </td>
            </tr>
          ))}
          <tr className={styles["effective"]}>
            <th scope="row">effective</th>
            <Steps level={effective} isLeast />
            <td className={styles["why"]}>{AUTONOMY_TEXTS[effective].means}</td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

/** The levels up to one, as steps; the one is said, too. */
function Steps({ level, isLeast }: { readonly level: Autonomy; readonly isLeast: boolean }) {
  const reached = AUTONOMY.indexOf(level);
  return AUTONOMY.map((step, index) => (
    <td key={step} className={styles["cell"]}>
      <span className={styles["step"]} data-reached={index <= reached || undefined} data-least={isLeast || undefined} aria-hidden />
      {index === reached ? <span className="visually-hidden">allows {AUTONOMY_TEXTS[level].name}</span> : null}
    </td>
  ));
}
