import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorDetailSchema } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import { submitProblem } from "./submit-problem.ts";

const refusal = (code: Code, name: string, more: { faults?: { line: number; rule: string; fix: string }[] } = {}, metadata = new Headers()): ConnectError =>
  new ConnectError("What the platform says.", code, metadata, [{ desc: ErrorDetailSchema, value: { code: name, ...more } }]);

describe("why an order was not taken", () => {
  it("carries the platform's faults with their lines", () => {
    const faults = [{ line: 3, rule: "TITLE_MISSING", fix: "Write a title." }];
    expect(submitProblem(refusal(Code.InvalidArgument, "ORDER_INVALID", { faults }))).toMatchObject({ faults, needsKey: false });
  });

  it("asks for another key when the platform does not know this one", () => {
    expect(submitProblem(refusal(Code.Unauthenticated, "SIGNATURE_INVALID"))).toMatchObject({ needsKey: true, text: expect.stringContaining("Add the key") });
  });

  it("says that a new session would be made where the ids are taken", () => {
    expect(submitProblem(refusal(Code.AlreadyExists, "ALREADY_EXISTS")).text).toMatch(/list of sessions.*session of its own/);
  });

  it.each([
    ["1", "Wait 1 second."],
    ["30", "Wait 30 seconds."],
  ])("says how long to wait: %s", (seconds, text) => {
    expect(submitProblem(refusal(Code.ResourceExhausted, "RATE_LIMITED", {}, new Headers({ "retry-after": seconds }))).text).toContain(text);
  });

  it.each([Code.Unavailable, Code.Unknown, Code.DeadlineExceeded, Code.Internal])("says that a repeat makes no second session: %d", (code) => {
    expect(submitProblem(new ConnectError("gone", code)).text).toMatch(/^gone\. .*no second one is made/);
  });

  it("tells what the browser says of a key that does not sign, and offers another", () => {
    expect(submitProblem(new DOMException("no usage", "InvalidAccessError"))).toMatchObject({ text: "no usage", needsKey: true });
  });
});
