/** Decisions that are not the person's, not on the action, or not a decision. */
import { ulidId } from "@factory/schemas";
import { FactoryGateway } from "@factory/schemas/proto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AcknowledgeReviewRequestSchema } from "@factory/schemas/proto";
import { refused, type Answer } from "../answers.ts";
import { grouped, type GroupedCase } from "../case.ts";
import { SUBJECTS } from "../people.ts";
import { EMPTY_SESSION } from "../traces.ts";
import type { AbuseWorld, Sessions } from "../world.ts";

type Given = MessageInitShape<typeof AcknowledgeReviewRequestSchema>;
type Asking = { [K in keyof Sessions]: Sessions[K] extends { review: unknown } ? K : never }[keyof Sessions];

/** Decides as somebody, with fields that take the place of others. */
const decides = (
  name: string,
  session: Asking,
  who: (world: AbuseWorld) => string | Promise<string>,
  change: Given | ((world: AbuseWorld) => Given),
  expected: Answer,
  more: Partial<GroupedCase> = {},
): GroupedCase => ({
  name,
  call: async (world) => {
    const { sessionId, review } = world.sessions[session];
    const given = { sessionId, reviewId: review.reviewId, actionDigest: review.actionDigest, decision: "approved", note: "" };
    const changes = typeof change === "function" ? change(world) : change;
    return world.door.connect(FactoryGateway.method.acknowledgeReview, { ...given, ...changes }, await who(world));
  },
  expected,
  ...more,
});

const ben = ({ keys }: AbuseWorld): string => keys.ben;
const ann = ({ keys }: AbuseWorld): string => keys.ann;

/** Reviews. */
export const REVIEW_CASES = grouped("reviews", [
  decides("a decision on a review that there is not", "waiting", ben, { reviewId: ulidId("REV") }, refused("NOT_FOUND")),
  decides("a decision on a review of another session", "waiting", ben, ({ sessions }) => ({ reviewId: sessions.two.review.reviewId }), refused("NOT_FOUND")),
  decides(
    "a decision on another session's review, by its digest",
    "waiting",
    ben,
    ({ sessions: { shop } }) => ({ reviewId: shop.review.reviewId, actionDigest: shop.review.actionDigest }),
    refused("NOT_FOUND"),
  ),
  decides("a decision on a review that is closed", "decided", ben, {}, refused("REVIEW_CLOSED")),
  decides("a decision on another digest", "waiting", ben, { actionDigest: "0".repeat(64) }, refused("ACTION_DIGEST_MISMATCH")),
  decides(
    "a decision on another review's digest",
    "waiting",
    ben,
    ({ sessions }) => ({ actionDigest: sessions.two.review.actionDigest }),
    refused("ACTION_DIGEST_MISMATCH"),
  ),
  decides("a decision without a digest", "waiting", ben, { actionDigest: "" }, refused("INVALID_ARGUMENT")),
  decides("a decision without a review", "waiting", ben, { reviewId: "" }, refused("INVALID_ARGUMENT")),
  decides("a decision that is none", "waiting", ben, { decision: "maybe" }, refused("INVALID_ARGUMENT")),
  decides("a plain `yes` as a decision", "waiting", ben, { decision: "yes", note: "Approved!" }, refused("INVALID_ARGUMENT")),
  decides("an amendment that says nothing", "waiting", ben, { decision: "amended", note: "  " }, refused("INVALID_ARGUMENT")),
  decides("a decision by an operator", "waiting", ({ keys }) => keys.otto, {}, refused("PERMISSION_DENIED")),
  decides("a decision by a viewer", "waiting", ({ keys }) => keys.vera, {}, refused("PERMISSION_DENIED")),
  decides("a decision by the machine that submits", "waiting", ({ keys }) => keys.submitter, {}, refused("PERMISSION_DENIED")),
  decides("a decision by another organisation's admin", "waiting", ({ keys }) => keys.otherAdmin, {}, refused("NOT_FOUND"), { leaves: EMPTY_SESSION }),
  decides("a decision in another organisation's session", "foreign", ben, {}, refused("NOT_FOUND"), { leaves: EMPTY_SESSION }),
  decides("a second vote of the same person by the same key", "two", ann, {}, refused("APPROVER_REPEATED")),
  decides("a second vote of the same person by another key", "two", ({ keys }) => keys.annDecides, {}, refused("APPROVER_REPEATED")),
  decides(
    "a second vote of the same person by their token",
    "two",
    async ({ issuer }) => `Bearer ${await issuer.token(SUBJECTS.ann)}`,
    {},
    refused("APPROVER_REPEATED"),
  ),
  decides("a second person's vote on another digest", "two", ben, { actionDigest: "f".repeat(64) }, refused("ACTION_DIGEST_MISMATCH")),
  decides("a second person's vote for another action", "two", ben, { decision: "amended", note: "And tests." }, refused("ACTION_DIGEST_MISMATCH")),
]);
