/** A table of facts. Lists that are chosen from, or have thousands of rows, have a component of their own. */
import type { ReactNode } from "react";
import styles from "./table.module.css";

export type Column<Row> = { readonly id: string; readonly head: string; readonly kind?: "number" | "text"; readonly cell: (row: Row) => ReactNode };

export type TableProps<Row> = {
  /** What the table is of, for those who do not see it. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
};

export function Table<Row>({ label, columns, rows, rowKey }: TableProps<Row>) {
  return (
    // A region that scrolls has to take the focus, or a keyboard cannot scroll it.
    <div className={styles["scroll"]} tabIndex={0} role="region" aria-label={label}>
      <table className={styles["table"]} aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ id, head, kind = "text" }) => (
              <th key={id} scope="col" data-kind={kind}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ id, kind = "text", cell }) => (
                <td key={id} data-kind={kind}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
