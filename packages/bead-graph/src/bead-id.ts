/** Ids of beads: whoever writes one makes its id here, and the store recomputes it here. */
import { contentId } from "@factory/schemas";
import type { Id } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";

/** Content id of a bead of an organisation. Who wrote it and when are not part of it. */
export function knowingStateBeadId(org: string, type: KnowingStateBead["type"], content: KnowingStateBead["content"], parents: readonly string[]): Id<"KSB"> {
  return contentId("KSB", { kind: type, org, content, parents });
}
