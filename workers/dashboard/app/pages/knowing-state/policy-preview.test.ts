import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ApplyPolicyResponseSchema, ErrorDetailSchema } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import type { FactoryClient } from "../../data/factory-client.ts";
import { applyPreviewed, previewPolicy } from "./policy-preview.ts";

type Admin = Pick<FactoryClient["admin"], "applyPolicy">;
type Request = Parameters<Admin["applyPolicy"]>[0];

const TEXT = "scope: role:coder\nautonomy: PROPOSE\nrules:\n  tools:\n    - fly\n";

/** An admin service that keeps what it was asked. */
function anAdmin(fail?: ConnectError): Admin & { readonly asked: Request[] } {
  const asked: Request[] = [];
  return {
    asked,
    async applyPolicy(request) {
      asked.push(request);
      if (fail !== undefined) throw fail;
      return create(ApplyPolicyResponseSchema, {
        changed: true,
        previousBeadId: "KSB-1",
        policy: { scope: "role:coder", effectiveAt: "2026-11-22T00:00:00Z" },
      });
    },
  };
}

describe("a policy that is tried", () => {
  it("writes nothing, and is then applied as it was shown", async () => {
    const admin = anAdmin();
    const preview = await previewPolicy(admin, TEXT);
    if (!("read" in preview)) throw new Error("The policy has faults.");
    await applyPreviewed(admin, preview);
    expect(admin.asked).toMatchObject([
      { dryRun: true, policy: { scope: "role:coder", autonomy: "PROPOSE", rules: { tools: ["fly"] }, effectiveAt: "" } },
      { expectedHead: "KSB-1", policy: { scope: "role:coder", effectiveAt: "2026-11-22T00:00:00Z" } },
    ]);
    expect(admin.asked[1]).not.toHaveProperty("dryRun");
  });

  it("has its faults by line, those of the text and those that the platform finds", async () => {
    expect(await previewPolicy(anAdmin(), "scope: org\ncolour: red\n")).toMatchObject({
      faults: expect.arrayContaining([expect.objectContaining({ line: 2 })]),
    });
    const problem = { field: "rules.tools.0", problem: "names no tool." };
    const refused = new ConnectError("No.", Code.InvalidArgument, undefined, [{ desc: ErrorDetailSchema, value: { problems: [problem] } }]);
    expect(await previewPolicy(anAdmin(refused), TEXT)).toEqual({ faults: [{ line: 5, problem: "rules.tools.0 names no tool." }] });
  });

  it("is one, and fails for what is not the text's", async () => {
    expect(await previewPolicy(anAdmin(), `${TEXT}---\nscope: org\nautonomy: SUGGEST\n`)).toMatchObject({ faults: [{ line: 7 }] });
    await expect(previewPolicy(anAdmin(new ConnectError("away", Code.Unavailable)), TEXT)).rejects.toThrow("away");
  });
});
