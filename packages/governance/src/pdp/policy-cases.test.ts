import { describe, expect, it } from "vitest";
import { POLICY_SOURCE, PolicyDecisionPoint, readPolicyCases, runPolicyCases } from "./index.ts";
import { nodeCedar } from "./node.ts";

const source = {
  schema: POLICY_SOURCE.schema,
  files: [
    {
      name: "a.cedar",
      text: '@id("read") permit (principal, action == Factory::Action::"ReadSession", resource); @id("end") permit (principal, action == Factory::Action::"ControlSession", resource);',
    },
  ],
};
const point = new PolicyDecisionPoint(nodeCedar, source, "local");
const run = (text: string) => runPolicyCases(point, readPolicyCases("a.yaml", text));

const BOTH = `
- { it: reads, action: ReadSession, expect: { decision: allow, policies: [read] } }
- { it: ends, action: ControlSession, expect: { decision: allow, policies: [end] } }
`;

describe("tests of policies", () => {
  it("hold when each decides what it says and every policy has decided", () => {
    expect(run(BOTH)).toMatchObject({ ok: true, undecided: [] });
  });

  it("fail where the decision, what decided or the number of people is another, and say what decided", () => {
    const { ok, results } = run(`${BOTH}- { it: submits, action: SubmitSession, expect: { decision: allow, policies: [read], approvals: 2 } }`);
    expect(ok).toBe(false);
    expect(results.at(-1)?.problems).toEqual([
      "decided deny, not allow",
      "decided by no policy, not read",
      "asks for 1 approvals, not 2",
      'No policy permits SubmitSession on Assembly "shop".',
    ]);
  });

  it("fail when a policy is never seen to decide, though every test holds", () => {
    expect(run("- { it: reads, action: ReadSession, expect: { decision: allow, policies: [read] } }")).toMatchObject({ ok: false, undecided: ["end"] });
  });

  it("do not count a policy that decided otherwise than a test says", () => {
    expect(run(BOTH.replace("policies: [end]", "policies: []"))).toMatchObject({ ok: false, undecided: ["end"] });
  });

  it("that are none fail: nothing was proved", () => {
    expect(runPolicyCases(point, [])).toMatchObject({ ok: false });
    expect(() => readPolicyCases("a.yaml", "[]")).toThrow(/^a\.yaml: /);
  });

  it("name the file and what is wrong in it", () => {
    expect(() => readPolicyCases("a.yaml", "- { it: x, action: Fly, expect: { decision: allow, policies: [] } }")).toThrow(/^a\.yaml: .*action/s);
    expect(() => readPolicyCases("a.yaml", "- { it: x, action: ReadSession, expected: {} }")).toThrow(/^a\.yaml: /);
    expect(() => readPolicyCases("a.yaml", "- {")).toThrow(/^a\.yaml: /);
  });
});
