/** What has become of the draft while nobody looked, and what to do about it. */
import { History, Save, Undo2, X, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Button, IconButton } from "../../../ui/button.tsx";
import { Age } from "../../../ui/figures.tsx";
import styles from "./draft-notice.module.css";
import type { DraftState } from "./use-draft.ts";

export function DraftNoticeBar({ state }: { readonly state: DraftState }) {
  const { notice, keeping, begin, discard, dismiss } = state;
  return (
    <>
      {notice?.kind === "restored" ? (
        <Bar icon={History} onDismiss={dismiss} action={<Button onPress={discard}>Discard</Button>}>
          Draft restored, last change: <Age at={notice.keptAt} />.
          {notice.lostFiles.length === 0 ? null : ` Its files were too large to be kept, attach them again: ${notice.lostFiles.join(", ")}.`}
        </Bar>
      ) : null}
      {notice?.kind === "discarded" ? (
        <Bar
          icon={Undo2}
          onDismiss={dismiss}
          action={
            <Button icon={Undo2} onPress={() => begin(notice.draft)}>
              Undo
            </Button>
          }
        >
          Draft discarded.
        </Bar>
      ) : null}
      {keeping === "all" ? null : (
        <Bar icon={Save}>
          {keeping === "nothing"
            ? "This browser has no room for the draft: it is gone after a reload."
            : "The attached files are too large to be kept by this browser: attach them again after a reload. The text is kept."}
        </Bar>
      )}
    </>
  );
}

type BarProps = { readonly icon: LucideIcon; readonly children: ReactNode; readonly action?: ReactNode; readonly onDismiss?: () => void };

function Bar({ icon: Icon, children, action, onDismiss }: BarProps) {
  return (
    <div className={styles["bar"]}>
      <Icon size={16} aria-hidden />
      <p role="status">{children}</p>
      {action}
      {onDismiss === undefined ? null : <IconButton label="Close this notice" icon={X} onPress={onDismiss} />}
    </div>
  );
}
