/** Parts of the costs, every figure. */
import { Link } from "@tanstack/react-router";
import { Count, Duration, Money } from "../../../ui/figures.tsx";
import { Table, type Column } from "../../../ui/table.tsx";
import { useSessionView } from "../session-view.tsx";
import type { CostRow } from "./cost-rows.ts";
import type { Dimension } from "./costs-search.ts";
import styles from "./costs-tab.module.css";

const HEADS: { readonly [D in Dimension]: string } = { bead: "Bead", team: "Team", model: "Model", purpose: "Purpose", alias: "Alias" };

export function CostTable({ rows, by }: { readonly rows: readonly CostRow[]; readonly by: Dimension }) {
  const columns: readonly Column<CostRow>[] = [
    { id: "name", head: HEADS[by], cell: ({ key, name }) => (by === "bead" && key !== "" ? <BeadLink id={key} name={name} /> : name) },
    { id: "cost", head: "Cost", kind: "number", cell: ({ total }) => <Money usd={total.costUsd} unpriced={total.unpricedCalls} /> },
    {
      id: "calls",
      head: "Calls",
      kind: "number",
      cell: ({ total: { calls, unpricedCalls } }) => `${calls.toLocaleString()}${unpricedCalls === 0 ? "" : ` (${unpricedCalls.toLocaleString()} unpriced)`}`,
    },
    { id: "input", head: "Tokens in", kind: "number", cell: ({ total }) => <Count count={total.inputTokens} /> },
    { id: "output", head: "Tokens out", kind: "number", cell: ({ total }) => <Count count={total.outputTokens} /> },
    { id: "time", head: "Time", kind: "number", cell: ({ total }) => <Duration ms={total.durationMs} /> },
  ];
  return (
    <div className={styles["table"]}>
      <Table label={`Costs by ${by}`} columns={columns} rows={rows} rowKey={({ key }) => key} />
    </div>
  );
}

function BeadLink({ id, name }: { readonly id: string; readonly name: string }) {
  const { sessionId } = useSessionView();
  return (
    <Link to="/sessions/$sessionId/graph" params={{ sessionId }} search={{ bead: id }}>
      {name}
    </Link>
  );
}
