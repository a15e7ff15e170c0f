/** The check of a session's evidence: begun when there is a package, and again when it is to be compared with more. */
import { useEffect, useState } from "react";
import { errorText } from "../../../data/error-text.ts";
import type { EvidenceAnswer } from "./evidence-check.ts";
import type { Compared } from "./read-evidence.ts";
import { runEvidenceCheck } from "./run-evidence-check.ts";

export type EvidenceCheck =
  | { readonly phase: "checking"; readonly doing: string }
  | { readonly phase: "answered"; readonly answer: EvidenceAnswer; readonly package: Uint8Array; readonly tookMs: number }
  | { readonly phase: "failed"; readonly message: string };

/** How often words about progress are shown anew, in milliseconds: a log of thousands of events tells of each. */
const TELL_MS = 100;

/**
 * @param packageDigest - of the sealed package; null while there is none, and then nothing is checked
 * @param attempt - another number checks again
 */
export function useEvidenceCheck(sessionId: string, packageDigest: string | null, compared: Compared, attempt: number): EvidenceCheck {
  const [check, setCheck] = useState<EvidenceCheck>({ phase: "checking", doing: "Beginning" });
  const { files, log } = compared;
  useEffect(() => {
    if (packageDigest === null) return undefined;
    const given = new AbortController();
    const show = (next: EvidenceCheck): void => {
      if (!given.signal.aborted) setCheck(next);
    };
    let toldAt = 0;
    const tell = (doing: string): void => {
      const now = performance.now();
      if (now - toldAt < TELL_MS) return;
      toldAt = now;
      show({ phase: "checking", doing });
    };
    const run = async (): Promise<void> => {
      const began = performance.now();
      // Fetched when something is checked: the services' messages weigh more than the page.
      const [{ readEvidence }, { factoryClient }] = await Promise.all([import("./read-evidence.ts"), import("../../../data/factory-client.ts")]);
      const question = await readEvidence(factoryClient, sessionId, { files, log }, tell, given.signal);
      const answer = await runEvidenceCheck(question, tell, given.signal);
      show({ phase: "answered", answer, package: question.package, tookMs: performance.now() - began });
    };
    show({ phase: "checking", doing: "Beginning" });
    run().catch((err: unknown) => show({ phase: "failed", message: errorText(err) }));
    return () => given.abort();
  }, [sessionId, packageDigest, files, log, attempt]);
  return check;
}
