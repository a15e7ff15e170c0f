/** A repeated call as a component holds it. */
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { RepeatedCall } from "./repeated-call.ts";

/** How often the platform is asked how it does, in milliseconds. */
export const OPERATIONS_POLL_MS = 5_000;

/** `error` is of the last call; an answer of an earlier one stays beside it. */
export type Repeated<Answer> = { readonly answer: Answer | null; readonly error: unknown; readonly isAsking: boolean; readonly ask: () => void };

/**
 * Makes the call while the tab is visible, and at once when it becomes so.
 *
 * @param key - what is asked: another one begins anew
 */
export function useRepeatedCall<Answer>(key: string, call: (signal: AbortSignal) => Promise<Answer>, onAnswer?: (answer: Answer) => void): Repeated<Answer> {
  const [answered, setAnswered] = useState<{ readonly key: string; readonly answer: Answer } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isAsking, setIsAsking] = useState(true);
  const running = useRef<RepeatedCall<Answer> | null>(null);
  const callNow = useEffectEvent(call);
  const take = useEffectEvent((answer: Answer) => {
    setAnswered({ key, answer });
    setError(null);
    onAnswer?.(answer);
  });
  useEffect(() => {
    const repeated = new RepeatedCall<Answer>({
      call: (signal) => callNow(signal),
      everyMs: OPERATIONS_POLL_MS,
      mayAsk: () => document.visibilityState === "visible",
      onAsking: setIsAsking,
      onAnswer: (answer) => take(answer),
      onError: setError,
    });
    running.current = repeated;
    setError(null);
    void repeated.ask();
    const onVisible = (): void => {
      if (document.visibilityState === "visible") void repeated.ask();
    };
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      repeated.stop();
    };
  }, [key]);
  return { answer: answered?.key === key ? answered.answer : null, error, isAsking, ask: () => void running.current?.ask() };
}
