/** Sends a decision, bound to exactly what was shown. */
import { ConnectError } from "@connectrpc/connect";
import { ErrorDetailSchema } from "@factory/schemas/proto";
import { errorText } from "../../data/error-text.ts";
import type { FactoryClient } from "../../data/factory-client.ts";
import type { Decision, Review } from "./reviews.ts";

/**
 * `moved`: what was shown is no longer what is asked, and nothing was decided. `refused`: the platform did not take it, for a reason
 * that the person can mend.
 */
export type DecisionResult = { readonly kind: "decided" } | { readonly kind: "moved" | "refused"; readonly text: string };

/** Codes that say that somebody was faster, or that the action is another one by now. */
const MOVED: ReadonlySet<string> = new Set(["REVIEW_CLOSED", "ACTION_DIGEST_MISMATCH", "NOT_FOUND"]);

/** @param review - as it was shown; its digest is the one that is decided on */
export async function decide(
  gateway: Pick<FactoryClient["gateway"], "acknowledgeReview">,
  { id, sessionId, actionDigest }: Pick<Review, "id" | "sessionId" | "actionDigest">,
  decision: Decision,
  note: string,
): Promise<DecisionResult> {
  try {
    const { accepted, reason } = await gateway.acknowledgeReview({ sessionId, reviewId: id, decision, note, actionDigest });
    return accepted ? { kind: "decided" } : { kind: "refused", text: reason };
  } catch (err) {
    const code = err instanceof ConnectError ? err.findDetails(ErrorDetailSchema)[0]?.code : undefined;
    return { kind: code !== undefined && MOVED.has(code) ? "moved" : "refused", text: errorText(err) };
  }
}
