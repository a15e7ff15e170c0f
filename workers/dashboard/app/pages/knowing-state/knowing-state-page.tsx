/** What governs the agent of each role: how far it may go, why, what changed, and who may change it. */
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { GetKnowingStateResponse, OpenAmendment } from "@factory/schemas/proto";
import { Link, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState, type ComponentType } from "react";
import { useViewer } from "../../data/factory-context.tsx";
import { PageHead } from "../../shell/page-head.tsx";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Age } from "../../ui/figures.tsx";
import { Panel } from "../../ui/panel.tsx";
import { FailedState, SkeletonLines } from "../../ui/states.tsx";
import { AutonomyLadder } from "./autonomy-ladder.tsx";
import { levelOf, partsOf } from "./governing.ts";
import { HistoryList } from "./history-list.tsx";
import { SHOWN_ROLES } from "./knowing-state-search.ts";
import styles from "./knowing-state.module.css";
import { RulesView, Tools } from "./rules-view.tsx";
import type { RoleDialogProps } from "./trust-dialogs.tsx";
import { useKnowingState } from "./use-knowing-state.ts";

/** The scope that changes need. */
const CHANGES = "admin";

const DIALOGS = {
  setTrust: lazy(async () => ({ default: (await import("./trust-dialogs.tsx")).SetTrustDialog })),
  revokeTrust: lazy(async () => ({ default: (await import("./trust-dialogs.tsx")).RevokeTrustDialog })),
  setConsent: lazy(async () => ({ default: (await import("./consent-dialogs.tsx")).SetConsentDialog })),
  revokeConsent: lazy(async () => ({ default: (await import("./consent-dialogs.tsx")).RevokeConsentDialog })),
  applyPolicy: lazy(async () => ({ default: (await import("./policy-dialog.tsx")).PolicyDialog })),
} satisfies { readonly [name: string]: ComponentType<RoleDialogProps> };
type DialogName = keyof typeof DIALOGS;

export function KnowingStatePage() {
  const { role = "coder" } = useSearch({ from: "/knowing-state" });
  const { state, error, askAgain } = useKnowingState(role);
  return (
    <>
      <PageHead
        title="Knowing-state"
        lead="What an agent may do is the least of policy, trust and consent."
        actions={
          <nav aria-label="Roles" className={styles["roles"]}>
            {SHOWN_ROLES.map((one) => (
              <Link key={one} to="/knowing-state" search={{ role: one }} data-chosen={one === role || undefined}>
                {one}
              </Link>
            ))}
          </nav>
        }
      />
      {state !== undefined ? (
        <RoleState key={role} state={state} onChanged={askAgain} />
      ) : error === undefined ? (
        <SkeletonLines lines={12} label="Loading the knowing-state" />
      ) : (
        <FailedState title="The knowing-state cannot be read" message={error} onRetry={askAgain} />
      )}
    </>
  );
}

function RoleState({ state, onChanged }: { readonly state: GetKnowingStateResponse; readonly onChanged: () => void }) {
  const [open, setOpen] = useState<DialogName | null>(null);
  const [told, setTold] = useState("");
  const { subjectId, policyScope, rules, grants, trustScore, openAmendments, history } = state;
  const effective = levelOf(state.autonomy);
  const Open = open === null ? null : DIALOGS[open];
  return (
    <div className={styles["page"]}>
      <p className={styles["told"]} role="status">
        {told}
      </p>
      <Panel
        title={
          <>
            {subjectId} may <Badge tone="accent">{effective.replaceAll("_", " ").toLowerCase()}</Badge>
          </>
        }
        flush
      >
        <AutonomyLadder parts={partsOf(state)} effective={effective} />
      </Panel>
      <Changes onOpen={setOpen} />
      <div className={styles["columns"]}>
        <Panel title="Policy">
          <RulesView rules={rules ?? {}} scope={policyScope} />
        </Panel>
        <div className={styles["stack"]}>
          <Panel title="Trust">
            <p className={styles["score"]}>
              {trustScore === undefined ? "–" : trustScore} <span>{trustScore === undefined ? "no trust is in force" : "of 1"}</span>
            </p>
            <p className={styles["reason"]}>{state.trust?.reason}</p>
          </Panel>
          <Panel title="Consent">
            <Tools names={grants} />
          </Panel>
          <OpenAmendments amendments={openAmendments} />
        </div>
        <Panel title="What changed">
          <HistoryList entries={history} />
        </Panel>
      </div>
      <Suspense>
        {Open === null ? null : (
          <Open
            state={state}
            onClose={() => setOpen(null)}
            onChanged={(what) => {
              setTold(what);
              onChanged();
            }}
          />
        )}
      </Suspense>
    </div>
  );
}

/** The changes that may be made, or why they may not. */
function Changes({ onOpen }: { readonly onOpen: (name: DialogName) => void }) {
  const { scopes } = useViewer();
  if (!scopes.includes(CHANGES)) {
    return (
      <p className={styles["refused"]}>
        You may read this and not change it: your key is without the scope <code>{CHANGES}</code>.
      </p>
    );
  }
  return (
    <div className={styles["changes"]} role="group" aria-label="Change it">
      <Button onPress={() => onOpen("applyPolicy")}>Apply a policy</Button>
      <Button onPress={() => onOpen("setTrust")}>Set the trust</Button>
      <Button onPress={() => onOpen("setConsent")}>Set the consent</Button>
      <span className={styles["space"]} />
      <Button kind="danger" onPress={() => onOpen("revokeTrust")}>
        Revoke the trust
      </Button>
      <Button kind="danger" onPress={() => onOpen("revokeConsent")}>
        Revoke the consent
      </Button>
    </div>
  );
}

function OpenAmendments({ amendments }: { readonly amendments: readonly OpenAmendment[] }) {
  return (
    <Panel title="Open amendments">
      {amendments.length === 0 ? (
        <p className={styles["none"]}>None waits for a decision.</p>
      ) : (
        <ul className={styles["amendments"]}>
          {amendments.map(({ beadId, amendmentId, targetType, targetId, rationale, proposedAt }) => (
            <li key={beadId}>
              <p>{rationale === "" ? "Its content cannot be read." : rationale}</p>
              <p className={styles["of"]}>
                <code>{amendmentId === "" ? beadId : amendmentId}</code> of {targetType} {targetId},{" "}
                <Age at={proposedAt === undefined ? null : timestampDate(proposedAt).toISOString()} />
              </p>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
