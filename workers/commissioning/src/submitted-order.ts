/** The order of a session, for its readers. */
import type { SubmittedOrder } from "@factory/schemas/rpc";
import type { SessionStore } from "./session-store.ts";

/** The order as it was submitted; null for a session that was never commissioned, and for one of another org. */
export function submittedOrder(store: Pick<SessionStore, "session" | "request">, org: string): SubmittedOrder | null {
  if (store.session()?.org !== org) return null;
  const { workOrderId, order, orderText } = store.request();
  return { workOrderId, title: order.title, text: orderText };
}
