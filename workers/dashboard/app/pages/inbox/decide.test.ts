import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { AcknowledgeReviewResponseSchema, ErrorDetailSchema } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import type { FactoryClient } from "../../data/factory-client.ts";
import { decide } from "./decide.ts";
import { aReview } from "./testing/builders.ts";

type Gateway = Pick<FactoryClient["gateway"], "acknowledgeReview">;
type Asked = Parameters<Gateway["acknowledgeReview"]>[0];

/** A gateway that answers one thing, with what it was asked. */
function aGateway(answer: () => { accepted: boolean; reason: string }): Gateway & { readonly asked: Asked[] } {
  const asked: Asked[] = [];
  return {
    asked,
    async acknowledgeReview(request) {
      asked.push(request);
      return create(AcknowledgeReviewResponseSchema, answer());
    },
  };
}

const refusing = (code: string): Gateway =>
  aGateway(() => {
    throw new ConnectError("No.", Code.FailedPrecondition, undefined, [{ desc: ErrorDetailSchema, value: { code, suggestion: "Read it again." } }]);
  });

describe("a decision", () => {
  it("is on the digest that was shown", async () => {
    const gateway = aGateway(() => ({ accepted: true, reason: "" }));
    expect(await decide(gateway, aReview({ actionDigest: "d-7" }), "amended", "by day")).toEqual({ kind: "decided" });
    expect(gateway.asked).toEqual([{ sessionId: "SES-1", reviewId: "REV-1", decision: "amended", note: "by day", actionDigest: "d-7" }]);
  });

  it.each(["REVIEW_CLOSED", "ACTION_DIGEST_MISMATCH", "NOT_FOUND"])("was not taken when what is asked has moved: %s", async (code) => {
    expect(await decide(refusing(code), aReview(), "approved", "")).toMatchObject({ kind: "moved", text: expect.stringContaining("No.") });
  });

  it("can be mended when the platform does not take its note, and when it cannot be reached", async () => {
    expect(await decide(refusing("INVALID_ARGUMENT"), aReview(), "amended", "many")).toMatchObject({ kind: "refused" });
    const unreachable = aGateway(() => {
      throw new TypeError("Failed to fetch");
    });
    expect(await decide(unreachable, aReview(), "approved", "")).toEqual({ kind: "refused", text: "Failed to fetch" });
  });

  it("says why when it was not accepted", async () => {
    expect(
      await decide(
        aGateway(() => ({ accepted: false, reason: "Not now." })),
        aReview(),
        "approved",
        "",
      ),
    ).toEqual({ kind: "refused", text: "Not now." });
  });
});
