/** A plan of the order as it is now, made when it is asked for. */
import type { AttachedFile } from "@factory/schemas";
import { useEffect, useRef, useState } from "react";
import { sendTo } from "../send-to.ts";
import type { PlanRequest, PlanResponse } from "./plan-messages.ts";
import type { PlannedOrder, PlanStep } from "./plan-order.ts";

export type PlanState =
  | { readonly kind: "none" }
  | { readonly kind: "planning"; readonly step: PlanStep | null }
  /** `of` is the text it was made of. */
  | { readonly kind: "planned"; readonly planned: PlannedOrder; readonly of: string }
  | { readonly kind: "failed"; readonly message: string };

export type Plan = { readonly state: PlanState; readonly start: () => void; readonly cancel: () => void };

/** Planning ends when the order changes; a plan that is made stays, and says that it is of an older text. */
export function usePlan(text: string, files: readonly AttachedFile[]): Plan {
  const [state, setState] = useState<PlanState>({ kind: "none" });
  const worker = useRef<Worker | null>(null);

  const end = (): void => {
    worker.current?.terminate();
    worker.current = null;
  };
  const cancel = (): void => {
    end();
    setState((before) => (before.kind === "planning" ? { kind: "none" } : before));
  };
  useEffect(() => cancel, [text, files]);

  const start = (): void => {
    end();
    setState({ kind: "planning", step: null });
    const made = new Worker(new URL("plan.worker.ts", import.meta.url), { type: "module" });
    worker.current = made;
    made.addEventListener("message", ({ data }: MessageEvent<PlanResponse>) => {
      if (worker.current !== made) return;
      setState(stateOf(data, text));
      if (data.kind !== "step") end();
    });
    made.addEventListener("error", ({ message }) => {
      if (worker.current !== made) return;
      end();
      setState({ kind: "failed", message: message === "" ? "The part of the page that plans could not be loaded." : message });
    });
    sendTo<PlanRequest>(made, { text, files });
  };
  return { state, start, cancel };
}

function stateOf(response: PlanResponse, text: string): PlanState {
  switch (response.kind) {
    case "step":
      return { kind: "planning", step: response.step };
    case "planned":
      return { kind: "planned", planned: response.planned, of: text };
    case "failed":
      return response;
    default:
      return response satisfies never;
  }
}
