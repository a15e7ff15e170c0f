/** What proves the session: the chain of its log and the sealed package, checked here. */
import { Download, FileLock2, RotateCw, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { saveFile } from "../../../shared/save-file.ts";
import { Button } from "../../../ui/button.tsx";
import { CodeBlock, Id } from "../../../ui/code.tsx";
import { Facts } from "../../../ui/facts.tsx";
import { countText } from "../../../ui/figure-text.ts";
import { Panel } from "../../../ui/panel.tsx";
import { EmptyState } from "../../../ui/states.tsx";
import { wordsOf } from "../../../ui/state-badges.tsx";
import { useSessionView } from "../session-view.tsx";
import { EvidenceResult } from "./evidence-result.tsx";
import styles from "./evidence-tab.module.css";
import { KEYS_PATH } from "./evidence-steps.ts";
import { useEvidenceCheck } from "./use-evidence-check.ts";

export function EvidenceTab() {
  const { session, model } = useSessionView();
  const { packageDigest } = session.evidenceChain;
  return (
    <div className={styles["tab"]}>
      {packageDigest === null ? (
        <Panel title="Sealed package">
          <EmptyState icon={FileLock2} title="Nothing is sealed yet">
            {model.closed
              ? "The session has ended; its package is on its way to the read side."
              : `The session is ${wordsOf(model.state ?? "SUBMITTED")}. Its evidence is sealed and signed when it ends; until then the chain below grows with each event.`}
          </EmptyState>
        </Panel>
      ) : (
        <SealedPackage packageDigest={packageDigest} />
      )}
      <Chain />
    </div>
  );
}

function SealedPackage({ packageDigest }: { readonly packageDigest: string }) {
  const { sessionId, model } = useSessionView();
  const isDelivered = model.outcome === "COMPLETED";
  const [everything, setEverything] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const check = useEvidenceCheck(sessionId, packageDigest, { files: everything && isDelivered, log: everything }, attempt);
  const sealed = check.phase === "answered" ? check.package : null;
  return (
    <Panel
      title="Sealed package"
      actions={
        <>
          {everything ? (
            <Button icon={RotateCw} isDisabled={check.phase === "checking"} onPress={() => setAttempt(attempt + 1)}>
              Verify again
            </Button>
          ) : (
            <Button icon={ShieldCheck} isDisabled={check.phase === "checking"} onPress={() => setEverything(true)}>
              {isDelivered ? "Compare with files and log" : "Compare with the log"}
            </Button>
          )}
          <Button
            icon={Download}
            isDisabled={sealed === null}
            onPress={() => {
              if (sealed !== null) saveFile("evidence.json", "application/json", Uint8Array.from(sealed));
            }}
          >
            evidence.json
          </Button>
        </>
      }
    >
      <EvidenceResult check={check} packageDigest={packageDigest} onRetry={() => setAttempt(attempt + 1)} />
    </Panel>
  );
}

function Chain() {
  const { sessionId, session, model } = useSessionView();
  const { seq, rootHash, packageDigest, finalArtifactId } = session.evidenceChain;
  return (
    <Panel title="Hash chain">
      <div className={styles["chain"]}>
        <Facts
          facts={[
            ["Root hash", <Id key="root" id={rootHash} />],
            ["Covers", `${countText(seq, "event")}${model.closed ? ", the whole log" : " so far"}`],
            ...(packageDigest === null ? [] : [["Package digest", <Id key="digest" id={packageDigest} />] as const]),
            ...(finalArtifactId === null ? [] : [["Package", <Id key="package" id={finalArtifactId} />] as const]),
            [
              "Public keys",
              <a key="keys" href={KEYS_PATH}>
                {KEYS_PATH}
              </a>,
            ],
          ]}
        />
        {packageDigest === null ? null : (
          <div className={styles["offline"]}>
            <h3>The same check without this page</h3>
            <CodeBlock
              label="commands that verify offline"
              text={[
                `factory evidence ${sessionId}`,
                `factory events ${sessionId} --json > log.jsonl`,
                `curl -s ${location.origin}${KEYS_PATH} | factory verify evidence.json --key - --log log.jsonl`,
              ].join("\n")}
            />
          </div>
        )}
      </div>
    </Panel>
  );
}
