/**
 * Suspensions as the organisation's desk has them. An order is carried to every session that is registered when it is given; one
 * whose row came later, or whose call was lost, learns of it here, and of its end too.
 */
import { messageOf, RetryableError, withDeadline } from "@factory/durable";
import { isTerminalSession } from "@factory/schemas";
import type { Suspension } from "@factory/schemas/rpc";
import type { SessionContext } from "./context.ts";
import { suspend, unsuspend } from "./suspensions.ts";

/** Longest wait for the desk, in milliseconds. */
export const DESK_DEADLINE_MS = 3_000;

/**
 * Takes over which suspensions are in force.
 *
 * @throws RetryableError when the desk does not answer in time: whether work is suspended is then not known
 */
export async function followSuspensions(context: SessionContext): Promise<void> {
  const { store, governance } = context;
  const { org, assembly } = store.request();
  const covering = (await standing(context, org)).filter((one) => one.assembly === null || one.assembly === assembly);
  store.transaction(() => {
    if (isTerminalSession(store.requireSession().state)) return;
    for (const { dispositionEventId, reason } of covering) {
      if (governance.suspension(dispositionEventId) === null) suspend(context, reason, dispositionEventId);
    }
    const [first] = governance.suspensions();
    // The order that lifted it has not come; its request is named by what it lifts, so that it is made once.
    if (covering.length === 0 && first !== undefined) unsuspend(context, `lifted:${first.dispositionEventId}`);
  });
}

async function standing({ deps }: SessionContext, org: string): Promise<readonly Suspension[]> {
  try {
    return await withDeadline("The signal desk", DESK_DEADLINE_MS, async () => deps.desk.suspensions(org), deps.startTimeout);
  } catch (err) {
    throw new RetryableError(`Waiting for the signal desk, without which it is not known whether work is suspended: ${messageOf(err)}`, { cause: err });
  }
}
