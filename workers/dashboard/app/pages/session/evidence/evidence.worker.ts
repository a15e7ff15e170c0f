/** Checks evidence beside the page, so that the page stays at hand meanwhile. Takes one question; who asked ends the worker. */
import { checkEvidence, type EvidenceQuestion } from "./evidence-check.ts";
import type { EvidenceMessage } from "./evidence-messages.ts";

const tell = (message: EvidenceMessage): void => postMessage(message);

addEventListener("message", ({ data }: MessageEvent<EvidenceQuestion>) => {
  checkEvidence(data, (text) => tell({ kind: "doing", text })).then(
    (answer) => tell({ kind: "answer", answer }),
    (err: unknown) => tell({ kind: "error", message: err instanceof Error ? err.message : String(err) }),
  );
});
