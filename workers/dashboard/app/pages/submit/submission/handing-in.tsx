/** What is asked before an order is handed in. */
import type { AttachedFile } from "@factory/schemas";
import type { OrderSummary } from "../order/order-check.ts";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { EnvelopeKeyDialog } from "./envelope-key-dialog.tsx";
import type { HandingInState } from "./use-handing-in.ts";

export type HandingInProps = {
  readonly handingIn: HandingInState;
  readonly files: readonly AttachedFile[];
  /** Null while the order has faults. */
  readonly summary: OrderSummary | null;
};

export function HandingIn({ handingIn, files, summary }: HandingInProps) {
  const { asking, submission, takeKey, addKey, confirm, close } = handingIn;
  if (asking === "key") return <EnvelopeKeyDialog onKept={takeKey} onClose={close} />;
  if (asking !== "confirm" || summary === null) return null;
  const { isSending, problem } = submission;
  return <ConfirmDialog summary={summary} files={files} isSending={isSending} problem={problem} onConfirm={confirm} onClose={close} onAddKey={addKey} />;
}
