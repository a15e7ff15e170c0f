/** Starts the worker that checks orders. */
import { sendTo } from "../send-to.ts";
import type { OrderRequest, OrderResponse } from "./order-messages.ts";
import type { CheckPort, PortListener } from "./order-checker.ts";

export function openOrderWorker({ onResponse, onError }: PortListener): CheckPort {
  const worker = new Worker(new URL("order.worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<OrderResponse>) => onResponse(data));
  worker.addEventListener("error", ({ message }) => onError(message));
  return { send: (request: OrderRequest) => sendTo(worker, request), end: () => worker.terminate() };
}
