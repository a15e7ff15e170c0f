/** An amendment as a bead in one status; every later status supersedes the earlier bead. */
import type { KnowingStateBead } from "@factory/schemas/rpc";
import { knowingStateBead } from "./writes.ts";

/** An amendment bead's status, everywhere: PROPOSED -> ADOPTED | REJECTED; ADOPTED -> SUPERSEDED. */
export const AMENDMENT_STATUSES = ["PROPOSED", "ADOPTED", "REJECTED", "SUPERSEDED"] as const;
export type AmendmentStatus = (typeof AMENDMENT_STATUSES)[number];

/** What an amendment bead says beside its status. */
type AmendmentContent = { readonly [field: string]: unknown };

/** The first bead of an amendment, or with `supersedes` the one that follows on it with the same content. */
export function amendmentBead(
  org: string,
  of: {
    readonly content: AmendmentContent;
    readonly status: AmendmentStatus;
    readonly parents: readonly string[];
    readonly supersedes?: string;
    readonly writtenAt: number;
  },
): KnowingStateBead {
  const links = of.supersedes === undefined ? {} : { supersedes: of.supersedes };
  return knowingStateBead({ type: "amendment", content: { ...of.content, status: of.status }, parents: of.parents, ...links, writtenAt: of.writtenAt }, org);
}

/** The bead that takes an amendment on to its next status. */
export function amendmentStep(
  org: string,
  from: KnowingStateBead,
  to: { readonly status: AmendmentStatus; readonly reviewedBy?: string; readonly produces?: string | null; readonly writtenAt: number },
): KnowingStateBead {
  const content = {
    ...from.content,
    ...(to.reviewedBy === undefined ? {} : { reviewed_by: to.reviewedBy }),
    ...(to.produces === undefined || to.produces === null ? {} : { if_adopted_produces: to.produces }),
  };
  return amendmentBead(org, { content, status: to.status, parents: [from.id], supersedes: from.id, writtenAt: to.writtenAt });
}
