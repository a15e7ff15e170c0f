/** How far each team and each molecule is. */
import { Workflow } from "lucide-react";
import { useMemo } from "react";
import { Panel } from "../../../ui/panel.tsx";
import { EmptyState } from "../../../ui/states.tsx";
import { BeadProgress } from "../bead-progress.tsx";
import { useSessionView, useSignalledQuery } from "../session-view.tsx";
import { moleculesOf, teamsOf, type BeadGroup } from "./bead-groups.ts";
import { MOLECULE_KINDS, MOLECULES } from "./overview-queries.ts";
import styles from "./progress-panel.module.css";

export function ProgressPanel() {
  const { sessionId, model } = useSessionView();
  const [{ data }] = useSignalledQuery(MOLECULES, { sessionId }, MOLECULE_KINDS);
  const places = data?.session?.graph?.beads ?? null;
  const teams = useMemo(() => teamsOf(model.beads.values()), [model.beads]);
  const molecules = useMemo(() => (places === null ? [] : moleculesOf(model.beads, places)), [model.beads, places]);
  return (
    <Panel title="Teams and molecules">
      {model.beadCounts.total === 0 ? (
        <EmptyState icon={Workflow} title={model.closed ? "There were no beads" : "No beads yet"}>
          {model.closed ? "The session ended before there was a run." : "The run has its beads once the order is approved and compiled."}
        </EmptyState>
      ) : (
        <div className={styles["groups"]}>
          <Groups name="Teams" groups={teams} />
          <Groups name="Molecules" groups={molecules} />
        </div>
      )}
    </Panel>
  );
}

function Groups({ name, groups }: { readonly name: string; readonly groups: readonly BeadGroup[] }) {
  if (groups.length === 0) return null;
  return (
    <section aria-label={name}>
      <h3 className={styles["name"]}>{name}</h3>
      <ul className={styles["list"]}>
        {groups.map(({ id, name: group, counts }) => (
          <li key={id} className={styles["group"]}>
            <span className={styles["title"]} title={id}>
              {group}
            </span>
            <BeadProgress counts={counts} label={`Beads of ${group}`} />
            <span className={styles["figure"]}>
              {counts.done} of {counts.total}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
