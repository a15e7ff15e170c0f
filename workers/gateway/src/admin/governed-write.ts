/** Changes of a line of knowing-state: what is written rests on the head that was read, and a head that moves is read again. */
import { knowingStateBeadId } from "@factory/bead-graph";
import type { BeadGraphRpc, BeadLine, KnowingStateBead } from "@factory/schemas/rpc";
import { abortable } from "../abortable.ts";
import { raise } from "../connect-errors.ts";
import type { CallScope } from "../sessions.ts";

/** Reads of the head before a contended change is given back to its caller: one writer of many wins each round. */
const MAX_ROUNDS = 8;

/** What should follow a head; not `changed` when the head says so already. */
export type Plan = { readonly content: KnowingStateBead["content"]; readonly changed: boolean };

/** What a change did: the bead that says so now, and the head before. */
export type Change<P extends Plan> = { readonly plan: P; readonly bead: KnowingStateBead | null; readonly previous: KnowingStateBead | null };

/** Surroundings of a change; with `dryRun` nothing is written, and the answer holds the bead that would be. */
export type Writer = { readonly graph: BeadGraphRpc; readonly scope: CallScope; readonly now: () => number; readonly dryRun?: boolean };

/**
 * Writes the successor of a line's head, under the caller's name and the request's id.
 *
 * @throws FactoryError STALE_TARGET when others keep changing the line; whatever the graph refuses
 */
export async function changeHead<P extends Plan>(writer: Writer, line: BeadLine, planFor: (head: KnowingStateBead | null) => P): Promise<Change<P>> {
  const { graph, scope, now, dryRun = false } = writer;
  const { principal, call, signal } = scope;
  for (let round = 1; ; round += 1) {
    const head = await abortable(signal, graph.tip(line));
    const plan = planFor(head);
    if (!plan.changed) return { plan, bead: head, previous: head };
    const bead = successor(principal.org, line, head, plan.content, principal.id, now());
    if (dryRun) return { plan, bead, previous: head };
    const answer = await abortable(signal, graph.write(bead, principal.id, call.requestId));
    if (answer.ok) return { plan, bead, previous: head };
    if (answer.code !== "STALE_TARGET" || round === MAX_ROUNDS) return raise(answer);
  }
}

/** The bead that supersedes a head, or begins a line. */
function successor(
  org: string,
  { type }: BeadLine,
  head: KnowingStateBead | null,
  content: KnowingStateBead["content"],
  writtenBy: string,
  writtenAt: number,
): KnowingStateBead {
  const parents = head === null ? [] : [head.id];
  const id = knowingStateBeadId(org, type, content, parents);
  return { id, type, content, parents, ...(head === null ? {} : { supersedes: head.id }), writtenBy, writtenAt };
}
