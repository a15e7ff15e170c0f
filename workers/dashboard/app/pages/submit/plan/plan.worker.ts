/** Plans one order beside the page. Who does not want the answer any more ends the worker. */
import { sendTo } from "../send-to.ts";
import { planOrder } from "./plan-order.ts";
import type { PlanRequest, PlanResponse } from "./plan-messages.ts";

const tell = (response: PlanResponse): void => sendTo(globalThis, response);

addEventListener("message", ({ data }: MessageEvent<PlanRequest>) => {
  planOrder(data.text, data.files, (step) => tell({ kind: "step", step })).then(
    (planned) => tell({ kind: "planned", planned }),
    (err: unknown) => tell({ kind: "failed", message: err instanceof Error ? err.message : String(err) }),
  );
});
