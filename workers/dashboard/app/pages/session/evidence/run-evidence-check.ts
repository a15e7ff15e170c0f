/** The check of evidence in a worker of the browser. */
import type { EvidenceAnswer, EvidenceQuestion } from "./evidence-check.ts";
import type { EvidenceMessage } from "./evidence-messages.ts";

/**
 * Checks a package in a worker, which is ended with the answer or when it is not wanted any more.
 *
 * @throws Error when the worker cannot be loaded or the check cannot be carried out
 */
export function runEvidenceCheck(question: EvidenceQuestion, tell: (doing: string) => void, signal: AbortSignal): Promise<EvidenceAnswer> {
  const worker = new Worker(new URL("./evidence.worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<EvidenceAnswer>();
  worker.addEventListener("message", ({ data }: MessageEvent<EvidenceMessage>) => {
    if (data.kind === "doing") tell(data.text);
    else if (data.kind === "answer") resolve(data.answer);
    else reject(new Error(data.message));
  });
  worker.addEventListener("error", ({ message }) => reject(new Error(message === "" ? "The part of the page that checks could not be loaded." : message)));
  signal.addEventListener("abort", () => reject(new Error("The check was given up.")), { once: true });
  // Nothing is handed over for good: the page keeps the package, to save it as a file.
  worker.postMessage(question, []);
  return promise.finally(() => worker.terminate());
}
