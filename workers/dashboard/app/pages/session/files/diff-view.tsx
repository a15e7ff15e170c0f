/** A difference as a table of lines: in one column, or both versions side by side. */
import { Link } from "@tanstack/react-router";
import { UnfoldVertical } from "lucide-react";
import { useState } from "react";
import { Button } from "../../../ui/button.tsx";
import { countText } from "../../../ui/figure-text.ts";
import { useSessionView } from "../session-view.tsx";
import type { DiffBlock, FileDiff, LineRow, SideLine } from "./diff-rows.ts";
import styles from "./diff-view.module.css";

/** Lines that are put on the page at once; a longer file is shown in parts. */
const LINES_AT_ONCE = 2_000;

export type DiffViewProps = {
  readonly diff: FileDiff;
  readonly isSplit: boolean;
  /** The one side that a file has which is new, gone or as it was: it is not coloured line by line. Null where both are shown. */
  readonly onlySide: "before" | "after" | null;
  /** The bead that wrote the file; its lines link to why. */
  readonly beadId: string | null;
  readonly label: string;
};

export function DiffView({ diff, isSplit, onlySide, beadId, label }: DiffViewProps) {
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const [limit, setLimit] = useState(LINES_AT_ONCE);
  const visible = cut(diff.blocks, limit);
  const total = diff.blocks.reduce((sum, { rows }) => sum + rows.length, 0);
  return (
    <div className={styles["scroll"]} tabIndex={0} role="region" aria-label={`Lines of ${label}`}>
      <table className={styles["table"]} data-only={onlySide ?? undefined}>
        <thead className="visually-hidden">
          <tr>
            {(isSplit ? ["Line before", "Before", "Line now", "Now"] : ["Line before", "Line now", "Change", "Text"]).map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        {visible.map((block, index) => (
          <tbody key={index}>
            {block.kind === "fold" && !opened.has(index) ? (
              <Fold count={block.rows.length} onOpen={() => setOpened(new Set([...opened, index]))} />
            ) : (
              block.rows.map((row, line) =>
                isSplit ? <SplitRow key={line} row={row} beadId={beadId} /> : <UnifiedRows key={line} row={row} beadId={beadId} />,
              )
            )}
          </tbody>
        ))}
      </table>
      {total <= limit ? null : (
        <div className={styles["more"]}>
          <Button onPress={() => setLimit(limit + LINES_AT_ONCE)}>{`Show more of ${countText(total, "line")}`}</Button>
        </div>
      )}
    </div>
  );
}

/** The first lines of the blocks. */
function cut(blocks: readonly DiffBlock[], limit: number): DiffBlock[] {
  let left = limit;
  return blocks.flatMap((block) => {
    const rows = block.rows.slice(0, left);
    left -= rows.length;
    return rows.length === 0 ? [] : [{ ...block, rows }];
  });
}

function Fold({ count, onOpen }: { readonly count: number; readonly onOpen: () => void }) {
  return (
    <tr className={styles["fold"]}>
      <td colSpan={4}>
        <button type="button" onClick={onOpen}>
          <UnfoldVertical size={13} aria-hidden /> {countText(count, "unchanged line")}
        </button>
      </td>
    </tr>
  );
}

type RowProps = { readonly row: LineRow; readonly beadId: string | null };

function UnifiedRows({ row, beadId }: RowProps) {
  const { kind, before, after } = row;
  if (kind === "same") {
    return (
      <tr>
        <td className={styles["number"]}>{before.number}</td>
        <Number line={after} beadId={beadId} />
        <td className={styles["sign"]} />
        <Text line={after} />
      </tr>
    );
  }
  return (
    <>
      {before === null ? null : (
        <tr data-side="removed">
          <td className={styles["number"]}>{before.number}</td>
          <td className={styles["number"]} />
          <td className={styles["sign"]}>−</td>
          <Text line={before} />
        </tr>
      )}
      {after === null ? null : (
        <tr data-side="added">
          <td className={styles["number"]} />
          <Number line={after} beadId={beadId} />
          <td className={styles["sign"]}>+</td>
          <Text line={after} />
        </tr>
      )}
    </>
  );
}

function SplitRow({ row: { kind, before, after }, beadId }: RowProps) {
  const side = (line: SideLine | null, name: "removed" | "added"): string | undefined => (kind === "same" ? undefined : line === null ? "none" : name);
  return (
    <tr className={styles["split"]}>
      <td className={styles["number"]} data-side={side(before, "removed")}>
        {before?.number}
      </td>
      <Text line={before} side={side(before, "removed")} />
      {after === null ? <td className={styles["number"]} data-side="none" /> : <Number line={after} beadId={beadId} side={side(after, "added")} />}
      <Text line={after} side={side(after, "added")} />
    </tr>
  );
}

/** A line's number, which leads to why it is there. It takes no tab stop: the link above the file leads to the same place. */
function Number({ line, beadId, side }: { readonly line: SideLine; readonly beadId: string | null; readonly side?: string | undefined }) {
  const { sessionId } = useSessionView();
  return (
    <td className={styles["number"]} data-side={side}>
      {beadId === null ? (
        line.number
      ) : (
        <Link
          to="/sessions/$sessionId/lineage"
          params={{ sessionId }}
          search={{ bead: beadId }}
          preload={false}
          tabIndex={-1}
          title={`Why is line ${line.number} there?`}
        >
          {line.number}
        </Link>
      )}
    </td>
  );
}

function Text({ line, side }: { readonly line: SideLine | null; readonly side?: string | undefined }) {
  return (
    <td className={styles["text"]} data-side={side}>
      {line?.pieces.map(({ text, changed }, index) => (changed ? <mark key={index}>{text}</mark> : text))}
    </td>
  );
}
