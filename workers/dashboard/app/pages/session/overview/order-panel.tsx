/** The work order as it was submitted, line by line, with the claims at the lines they are made from. */
import { FileText } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { CopyButton } from "../../../ui/code.tsx";
import { Panel } from "../../../ui/panel.tsx";
import { EmptyState, SkeletonLines } from "../../../ui/states.tsx";
import { linesOf, type OrderLine } from "./order-lines.ts";
import styles from "./order-panel.module.css";
import type { Claim } from "./overview-queries.ts";

type Props = {
  /** Null where the session has none; undefined while it is on its way. */
  readonly order: { readonly text: string } | null | undefined;
  readonly claims: readonly Claim[];
  /** Id of a claim. */
  readonly chosen: string | null;
  readonly onChoose: (claimId: string | null) => void;
};

export function OrderPanel({ order, claims, chosen, onChoose }: Props) {
  const text = order?.text ?? null;
  const lines = useMemo(() => (text === null ? [] : linesOf(text, claims)), [text, claims]);
  const region = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const shown = region.current;
    const line = shown?.querySelector<HTMLElement>("[data-chosen=true]") ?? null;
    if (shown !== null && line !== null) shown.scrollTo({ top: line.offsetTop - shown.clientHeight / 3, behavior: "smooth" });
  }, [chosen]);
  return (
    <Panel title="Work order" flush actions={text === null ? null : <CopyButton text={text} label="Copy the work order" />}>
      {order === undefined ? <SkeletonLines lines={12} label="Loading the work order" /> : null}
      {order === null ? <EmptyState icon={FileText} title="The session has no work order text" /> : null}
      {text === null ? null : (
        // A region that scrolls has to take the focus, or a keyboard cannot scroll it.
        <div ref={region} className={styles["order"]} role="region" aria-label="Text of the work order" tabIndex={0}>
          {lines.map((line) => (
            <Line key={line.number} line={line} chosen={chosen} onChoose={onChoose} />
          ))}
        </div>
      )}
    </Panel>
  );
}

function Line({ line, chosen, onChoose }: Pick<Props, "chosen" | "onChoose"> & { readonly line: OrderLine<Claim> }) {
  return (
    <div className={styles["line"]} data-chosen={line.claims.some(({ id }) => id === chosen)}>
      <span className={styles["number"]} aria-hidden>
        {line.number}
      </span>
      <code>{line.text === "" ? "\u200b" : line.text}</code>
      {line.claims.length === 0 ? null : (
        <span className={styles["claims"]}>
          {line.claims.map(({ id, proof }) => (
            <button key={id} type="button" data-status={proof.status} aria-pressed={id === chosen} onClick={() => onChoose(id === chosen ? null : id)}>
              {id}
            </button>
          ))}
        </span>
      )}
    </div>
  );
}
