/** The work graph as rows of teams and columns of steps: what may be done at once stands in one column. */
import type { PlannedAtom, SimulatedPlan } from "@factory/planning";
import { claimsText } from "@factory/planning/words";
import { countText } from "../../../ui/figure-text.ts";
import { lanesOf, longestChain, type TeamLane } from "./plan-view.ts";
import styles from "./work-graph.module.css";

export function WorkGraph({ plan: { atoms, molecules } }: { readonly plan: SimulatedPlan }) {
  if (atoms.length === 0) return null;
  const lanes = lanesOf(atoms);
  const chain = new Set(longestChain(atoms));
  const steps = lanes[0]?.steps.length ?? 0;
  return (
    <section className={styles["graph"]} aria-label="Work graph">
      <h3>
        Work graph <span>{`${countText(atoms.length, "bead")} in ${countText(molecules.length, "molecule")}; the longest chain is marked`}</span>
      </h3>
      {/* A region that scrolls has to take the focus, or a keyboard cannot scroll it. */}
      <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Beads by team and step">
        <table className={styles["table"]}>
          <thead>
            <tr>
              <th scope="col">Team</th>
              {Array.from({ length: steps }, (_, at) => (
                <th key={at} scope="col">
                  Step {at + 1}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lanes.map((lane) => (
              <Lane key={lane.team} lane={lane} chain={chain} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Lane({ lane: { team, beads, steps }, chain }: { readonly lane: TeamLane; readonly chain: ReadonlySet<string> }) {
  return (
    <tr>
      <th scope="row">
        {team}
        <small>{countText(beads, "bead")}</small>
      </th>
      {steps.map((cell, at) => (
        <td key={at}>
          {cell.map((atom) => (
            <Bead key={atom.key} atom={atom} isOnChain={chain.has(atom.key)} />
          ))}
        </td>
      ))}
    </tr>
  );
}

function Bead({ atom: { title, role, writes, owns, claims, model }, isOnChain }: { readonly atom: PlannedAtom; readonly isOnChain: boolean }) {
  const touched = claimsText(owns.length > 0 ? owns : claims);
  const does = writes.length === 0 ? "writes nothing" : `writes ${writes.join(", ")}`;
  return (
    <div className={styles["bead"]} data-chain={isOnChain} data-team={model === null ? "platform" : "model"} title={`${role}, ${does}`}>
      <span>{title}</span>
      <small>{touched}</small>
      {isOnChain ? <span className="visually-hidden">on the longest chain</span> : null}
    </div>
  );
}
