/** An order that is being written: its text, what is wrong with it, its files, its plan, and the way to hand it in. */
import { Send, Trash2 } from "lucide-react";
import { useRef, useState } from "react";
import { PageHead } from "../../shell/page-head.tsx";
import { useShortcuts } from "../../shell/shortcuts.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Bytes } from "../../ui/figures.tsx";
import { countText } from "../../ui/figure-text.ts";
import { Panel } from "../../ui/panel.tsx";
import { DraftNoticeBar } from "./draft/draft-notice.tsx";
import type { DraftState } from "./draft/use-draft.ts";
import { OrderEditor, type EditorHandle } from "./editor/order-editor.tsx";
import { FaultList } from "./faults/fault-list.tsx";
import type { Refused } from "./files/attach-files.ts";
import { AttachedFiles } from "./files/attached-files.tsx";
import { useAttaching } from "./files/use-attaching.ts";
import { useOrderCheck } from "./order/use-order-check.ts";
import { utf8Bytes } from "./order/utf8-bytes.ts";
import { PlanPreview } from "./plan/plan-preview.tsx";
import { usePlan } from "./plan/use-plan.ts";
import { SettingsForm } from "./settings/settings-form.tsx";
import { HandingIn } from "./submission/handing-in.tsx";
import { useHandingIn } from "./submission/use-handing-in.ts";
import styles from "./submit-page.module.css";

export type OrderDeskProps = { readonly state: DraftState; readonly initiallyRefused: readonly Refused[] };

export function OrderDesk({ state, initiallyRefused }: OrderDeskProps) {
  const { draft, change } = state;
  const [initialText] = useState(draft.text);
  const editor = useRef<EditorHandle>(null);
  const goTo = (line: number): void => editor.current?.goTo(line);
  const checked = useOrderCheck(draft.text, draft.files);
  const { check, isCurrent } = checked;
  const plan = usePlan(draft.text, draft.files);
  const attaching = useAttaching(state, initiallyRefused);
  const handingIn = useHandingIn({ state, checked, goTo });
  useShortcuts("Submit", [{ keys: ["Mod+Enter"], text: "Submit the order", run: handingIn.ask }]);

  const set = async (...[name, value]: Parameters<typeof checked.set>): Promise<boolean> => {
    const text = await checked.set(name, value);
    if (text !== null) editor.current?.replace(text);
    return text !== null;
  };
  const faults = [...(check?.faults ?? []), ...handingIn.platformFaults];
  const findings = check === null ? null : { faults, remarks: check.remarks };
  return (
    <>
      <PageHead
        title="Submit"
        lead={check?.summary?.title ?? "Write a work order, see what is wrong with it as you write, and hand it in."}
        actions={
          <>
            <Button icon={Trash2} kind="quiet" onPress={state.discard}>
              Discard
            </Button>
            <Button icon={Send} kind="primary" onPress={handingIn.ask}>
              Submit…
            </Button>
          </>
        }
      />
      <DraftNoticeBar state={state} />
      <div className={styles["desk"]}>
        <section className={styles["order"]} aria-labelledby="order-text">
          <header className={styles["orderHead"]}>
            <h2 id="order-text">Work order</h2>
            <span className={styles["kept"]}>
              <Bytes bytes={utf8Bytes(draft.text)} />
              {state.keeping === "nothing" ? "" : ", kept in this browser"}
            </span>
          </header>
          <div className={styles["editor"]}>
            <OrderEditor ref={editor} initialText={initialText} findings={findings} onChange={(text) => change({ text })} onSubmit={handingIn.ask} />
          </div>
        </section>
        <div className={styles["rail"]}>
          {handingIn.needsKey ? <KeyNotice onAdd={handingIn.addKey} /> : null}
          <Panel title="Checks" actions={<FaultCount count={check === null ? null : faults.length} />} flush>
            <FaultList checked={checked} platformFaults={handingIn.platformFaults} onGoTo={goTo} />
          </Panel>
          <AttachedFiles files={draft.files} refused={attaching.refused} onOffer={attaching.offer} onChange={(files) => change({ files })} />
          <Panel title="Front matter" flush>
            <SettingsForm settings={check === null ? EMPTY_SETTINGS : check.settings} summary={check?.summary ?? null} onSet={set} />
          </Panel>
        </div>
      </div>
      <div className={styles["plan"]}>
        <PlanPreview plan={plan} text={draft.text} canPlan={isCurrent && faults.length === 0} />
      </div>
      <HandingIn handingIn={handingIn} files={draft.files} summary={check?.summary ?? null} />
    </>
  );
}

/** Before the first check, so that the form does not come later and move the text. */
const EMPTY_SETTINGS = { title: null, review_mode: null, priority: null, budget_usd: null, assembly: null } as const;

function FaultCount({ count }: { readonly count: number | null }) {
  if (count === null) return null;
  return count === 0 ? <Badge tone="good">no faults</Badge> : <Badge tone="bad">{countText(count, "fault")}</Badge>;
}

function KeyNotice({ onAdd }: { readonly onAdd: () => void }) {
  return (
    <div className={styles["key"]}>
      <p>
        <strong>This browser has no envelope key.</strong> Orders can be written, checked and planned here; to submit one, a key has to sign it.
      </p>
      <Button onPress={onAdd}>Add a key</Button>
    </div>
  );
}
