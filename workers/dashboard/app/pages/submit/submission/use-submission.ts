/** Handing the draft in: the key that signs, the question before, and what became of it. */
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { keptEnvelopeKey, type EnvelopeKey } from "../../../credentials/envelope-key-store.ts";
import { errorText } from "../../../data/error-text.ts";
import { useViewer } from "../../../data/factory-context.tsx";
import type { Draft } from "../draft/draft-store.ts";
import type { SubmitProblem } from "./submit-problem.ts";

/** `unknown` until the browser's database has answered. */
export type KeyState = { readonly kind: "unknown" } | { readonly kind: "none" } | { readonly kind: "kept"; readonly key: EnvelopeKey };

export type Submission = {
  readonly key: KeyState;
  readonly takeKey: (key: EnvelopeKey) => void;
  readonly isSending: boolean;
  readonly problem: SubmitProblem | null;
  readonly send: (draft: Draft, assembly: string | null) => Promise<void>;
  /** The problem has been read. */
  readonly clear: () => void;
};

/** @param onHandedIn - told when a session has come of the draft, before the page goes there */
export function useSubmission(onHandedIn: () => void): Submission {
  const owner = useViewer();
  const navigate = useNavigate();
  const [key, setKey] = useState<KeyState>({ kind: "unknown" });
  const [isSending, setIsSending] = useState(false);
  const [problem, setProblem] = useState<SubmitProblem | null>(null);
  /** A second press comes before the button has been rendered as disabled. */
  const sending = useRef(false);

  useEffect(() => {
    keptEnvelopeKey().then(
      (kept) => setKey(kept === null ? { kind: "none" } : { kind: "kept", key: kept }),
      // A browser that keeps no database keeps no key either; the dialog says why when one is added.
      () => setKey({ kind: "none" }),
    );
  }, []);

  const send = async (draft: Draft, assembly: string | null): Promise<void> => {
    if (sending.current || key.kind !== "kept") return;
    sending.current = true;
    setIsSending(true);
    setProblem(null);
    try {
      // The services and what signs weigh more than the page; they come when they are needed.
      const [{ factoryClient }, { submitOrder }] = await Promise.all([import("../../../data/factory-client.ts"), import("./submit-order.ts")]);
      const deps = { gateway: factoryClient.gateway, key: key.key, storage: localStorage, now: Date.now };
      const sessionId = await submitOrder(deps, { ...draft, assembly, owner });
      onHandedIn();
      await navigate({ to: "/sessions/$sessionId", params: { sessionId } });
    } catch (err) {
      setProblem(await problemOf(err));
    } finally {
      sending.current = false;
      setIsSending(false);
    }
  };
  return { key, takeKey: (taken) => setKey({ kind: "kept", key: taken }), isSending, problem, send, clear: () => setProblem(null) };
}

async function problemOf(err: unknown): Promise<SubmitProblem> {
  try {
    const { submitProblem } = await import("./submit-problem.ts");
    return submitProblem(err);
  } catch (failed) {
    // The platform that did not serve what sends does not serve what explains it either.
    return { title: "The order was not sent", text: `${errorText(err)} ${errorText(failed)}`, faults: [], needsKey: false };
  }
}
