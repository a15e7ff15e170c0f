/** An order checked while it is written. */
import type { AttachedFile } from "@factory/schemas";
import { useCallback, useEffect, useRef, useState } from "react";
import { useDelayed } from "../../../ui/use-delayed.ts";
import { openOrderWorker } from "./open-order-worker.ts";
import type { OrderCheck } from "./order-check.ts";
import { OrderChecker } from "./order-checker.ts";
import type { SettingName } from "./order-settings.ts";

/** How long a text rests before it is checked, in milliseconds. */
const REST_MS = 150;

export type CheckedOrder = {
  /** The last check; null before the first one. It may be of an older text. */
  readonly check: OrderCheck | null;
  /** True when the check is of this text with these files. */
  readonly isCurrent: boolean;
  /** Why nothing can be checked; null when it can. */
  readonly failure: string | null;
  readonly retry: () => void;
  /** The text with a setting changed; null when it cannot be changed alone. */
  readonly set: (name: SettingName, value: string | null) => Promise<string | null>;
};

type Checked = { readonly check: OrderCheck; readonly files: readonly AttachedFile[] };

/** Checks a text each time it rests. The compiler is fetched with the first text. */
export function useOrderCheck(text: string, files: readonly AttachedFile[]): CheckedOrder {
  const rested = useDelayed(text, REST_MS);
  const checker = useRef<OrderChecker | null>(null);
  const sent = useRef<readonly AttachedFile[]>([]);
  const [checked, setChecked] = useState<Checked | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [tries, setTries] = useState(0);
  const isAsked = text.trim() !== "";

  useEffect(() => {
    if (!isAsked) return undefined;
    const made = new OrderChecker(openOrderWorker, { onCheck: (check) => setChecked({ check, files: sent.current }), onFailed: setFailure });
    checker.current = made;
    sent.current = [];
    return () => {
      made.dispose();
      checker.current = null;
    };
  }, [isAsked, tries]);

  useEffect(() => {
    if (checker.current === null) return;
    if (sent.current !== files) checker.current.attach(files);
    sent.current = files;
    checker.current.check(rested);
  }, [rested, files, isAsked, tries]);

  const latest = useRef(text);
  useEffect(() => {
    latest.current = text;
  });
  const set = useCallback(async (name: SettingName, value: string | null) => {
    const asked = latest.current;
    const changed = (await checker.current?.set(asked, name, value)) ?? null;
    // Somebody has gone on writing: the change is made to what there is now.
    return asked === latest.current || changed === null ? changed : ((await checker.current?.set(latest.current, name, value)) ?? null);
  }, []);
  const retry = (): void => {
    setFailure(null);
    setTries((before) => before + 1);
  };
  const check = isAsked ? (checked?.check ?? null) : null;
  return { check, isCurrent: check !== null && check.text === text && checked?.files === files, failure, retry, set };
}
