/** Where an order is written, checked, planned and handed in. */
import { lazy, Suspense, useState } from "react";
import { errorText } from "../../data/error-text.ts";
import { PageHead } from "../../shell/page-head.tsx";
import { SkeletonLines } from "../../ui/states.tsx";
import { DraftNoticeBar } from "./draft/draft-notice.tsx";
import { useDraft } from "./draft/use-draft.ts";
import type { OfferedFile, Refused } from "./files/attach-files.ts";
import styles from "./submit-page.module.css";

// The templates are not needed by who goes on writing, nor the editor by who has not begun.
const TemplateChoice = lazy(async () => ({ default: (await import("./templates/template-choice.tsx")).TemplateChoice }));
const OrderDesk = lazy(async () => ({ default: (await import("./order-desk.tsx")).OrderDesk }));

const LEAD = "Write a work order, see what is wrong with it as you write, and hand it in.";

export function SubmitPage() {
  const state = useDraft();
  const [problem, setProblem] = useState<string | null>(null);
  const [refused, setRefused] = useState<readonly Refused[]>([]);
  const open = async (offered: readonly OfferedFile[]): Promise<void> => {
    if (offered.length === 0) return;
    try {
      const { openOrder } = await import("./files/open-order.ts");
      const opened = await openOrder(offered);
      setProblem(opened.ok ? null : opened.reason);
      if (!opened.ok) return;
      setRefused(opened.refused);
      state.begin(opened.draft);
    } catch (err) {
      setProblem(errorText(err));
    }
  };
  if (state.isBegun) {
    return (
      <Suspense fallback={<DeskSkeleton />}>
        <OrderDesk key={state.generation} state={state} initiallyRefused={refused} />
      </Suspense>
    );
  }
  return (
    <>
      <PageHead title="Submit" lead={LEAD} />
      <DraftNoticeBar state={state} />
      {problem === null ? null : (
        <p className={styles["problem"]} role="alert">
          {problem}
        </p>
      )}
      <Suspense fallback={<SkeletonLines lines={8} label="Loading the templates" />}>
        <TemplateChoice onBegin={state.begin} onOffer={(offered) => void open(offered)} />
      </Suspense>
    </>
  );
}

function DeskSkeleton() {
  return (
    <>
      <PageHead title="Submit" lead={LEAD} />
      <div className={styles["desk"]}>
        <div className={styles["blank"]}>
          <SkeletonLines lines={14} label="Loading the editor" />
        </div>
      </div>
    </>
  );
}
