/** Keeps what the session delivered, once it is completed. */
import { Download } from "lucide-react";
import { useState } from "react";
import { errorText } from "../../../data/error-text.ts";
import { saveFile } from "../../../shared/save-file.ts";
import { Button } from "../../../ui/button.tsx";
import { bytesText } from "../../../ui/figure-text.ts";
import { useSessionView } from "../session-view.tsx";
import styles from "./files-tab.module.css";

type State = { readonly phase: "idle" | "reading" | "failed"; readonly text: string };

export function DeliverableButton() {
  const { sessionId, model } = useSessionView();
  const [state, setState] = useState<State>({ phase: "idle", text: "" });
  if (model.outcome !== "COMPLETED") return null;
  const download = async (): Promise<void> => {
    setState({ phase: "reading", text: "reading" });
    try {
      const { readDeliverableZip } = await import("./read-deliverable-zip.ts");
      const zip = await readDeliverableZip(sessionId, ({ bytes }) => setState({ phase: "reading", text: bytesText(bytes) }));
      saveFile(`${sessionId}.zip`, "application/zip", zip);
      setState({ phase: "idle", text: "" });
    } catch (err) {
      setState({ phase: "failed", text: errorText(err) });
    }
  };
  return (
    <>
      <Button icon={Download} isDisabled={state.phase === "reading"} onPress={() => void download()}>
        {state.phase === "reading" ? state.text : "Deliverable"}
      </Button>
      {state.phase === "failed" ? (
        <p role="alert" className={styles["failed"]}>
          {state.text}
        </p>
      ) : null}
    </>
  );
}
