import { describe, expect, test } from "vitest";
import { aConsent, aGraph, anExecution, aPolicy, aTrust, at, codeOf, count, PAST, refusalOf, ROLE, SUBJECT } from "./testing/builders.ts";

describe("an execution", () => {
  function governed() {
    const world = aGraph();
    const [policy, trust, consent] = [aPolicy({ autonomy: "EXECUTE_BOUNDED" }), aTrust(), aConsent()];
    for (const bead of [policy, trust, consent]) world.write(bead);
    return { ...world, policy, trust, consent };
  }

  test("is written under the fence of its retrieval", () => {
    const { write, fence, policy, trust, graph } = governed();
    const execution = anExecution(policy, trust, { autonomy_level: "EXECUTE_BOUNDED", approval_id: "REV-1" });
    write(execution, fence());
    expect(graph.get(execution.id)?.content).toMatchObject({ approval_id: "REV-1" });
  });

  test("is refused as stale when the heads have moved since, with the digest of the heads now, and nothing is stored", () => {
    const { write, fence, policy, trust, consent, storage, graph } = governed();
    const before = fence();
    write(aConsent({ status: "REVOKED", revokes: consent.id }, { supersedes: consent.id }));
    const beads = count(storage);
    const refused = refusalOf(() => write(anExecution(policy, trust), before));
    expect(refused).toMatchObject({ code: "STALE_TARGET", details: { headsDigest: graph.heads(ROLE, SUBJECT) } });
    expect(count(storage)).toBe(beads);
  });

  test("that is known stays a no-op when the heads have moved since", () => {
    const { write, fence, policy, trust } = governed();
    const before = fence();
    const first = write(anExecution(policy, trust), before);
    write(aTrust({ status: "REVOKED" }, { supersedes: trust.id }));
    expect(write(anExecution(policy, trust), before)).toEqual(first);
    expect(codeOf(() => write(anExecution(policy, trust, { nonce: "2" }), before))).toBe("STALE_TARGET");
  });

  test("is refused when time alone has moved the heads", () => {
    const { write, fence, clock, policy, trust } = governed();
    const ending = aTrust({ expiry: at(clock.now() + 10) }, { supersedes: trust.id });
    write(ending);
    const before = fence();
    clock.advance(10);
    expect(codeOf(() => write(anExecution(policy, ending), before))).toBe("STALE_TARGET");
  });

  test("is refused under the retrieval of another subject", () => {
    const { graph, write, policy, trust } = governed();
    const other = { role: ROLE, subjectId: "agent:other", headsDigest: graph.heads(ROLE, "agent:other") };
    expect(codeOf(() => write(anExecution(policy, trust), other))).toBe("INVALID_ARGUMENT");
  });

  test("names what governs, not the organisation's policy beside the role's nor a bead that was superseded", () => {
    const { write, fence, policy, trust } = governed();
    const general = aPolicy({ scope: "org" });
    write(general);
    expect(codeOf(() => write(anExecution(general, trust), fence()))).toBe("STALE_TARGET");
    const lower = aTrust({ trust_score: 0.5 }, { supersedes: trust.id });
    write(lower);
    expect(codeOf(() => write(anExecution(policy, trust)))).toBe("STALE_TARGET");
    expect(codeOf(() => write(anExecution(policy, lower)))).toBe("none");
  });

  test("names the organisation's policy, not the role's that has expired, where that one governs", () => {
    const { write, fence, policy, trust } = governed();
    const [general, expired] = [aPolicy({ scope: "org" }), aPolicy({ expires_at: PAST }, { supersedes: policy.id })];
    for (const bead of [general, expired]) write(bead);
    expect(codeOf(() => write(anExecution(expired, trust), fence()))).toBe("STALE_TARGET");
    expect(codeOf(() => write(anExecution(general, trust), fence()))).toBe("none");
  });

  test("claims SUGGEST alone where nothing is in force, and names the last beads there were", () => {
    const { write, fence, policy, trust } = governed();
    const suspended = aTrust({ status: "SUSPENDED" }, { supersedes: trust.id });
    write(suspended);
    expect(codeOf(() => write(anExecution(policy, suspended), fence()))).toBe("GOVERNANCE_VIOLATION");
    expect(codeOf(() => write(anExecution(policy, suspended, { autonomy_level: "SUGGEST", approval_id: "REV-1" }), fence()))).toBe("none");
  });
});
