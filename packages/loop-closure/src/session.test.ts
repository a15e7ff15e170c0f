import { describe, expect, test } from "vitest";
import { knowingStateBead } from "./index.ts";
import { AGENT, ORG, PROTOCOL, ROLE } from "./testing/ward.ts";
import { World } from "./testing/world.ts";

describe("BP1", () => {
  test("a session has what governs its agent and the specification it works under", async () => {
    const world = new World();
    expect(await world.open()).toMatchObject({
      autonomy: "EXECUTE_BOUNDED",
      knowingState: { role: ROLE, subjectId: AGENT, policy: { standing: "active" } },
      specificationId: world.specificationId,
      failure: null,
    });
  });

  test("a ceiling holds whatever the knowing-state allows, and a knowing-state whatever the ceiling allows", async () => {
    expect(await new World().open({ ceiling: "PROPOSE" })).toMatchObject({ autonomy: "PROPOSE", failure: null });
    expect(await new World({ score: 0.5 }).open({ ceiling: "EXECUTE_FULL" })).toMatchObject({ autonomy: "PROPOSE", failure: null });
    expect(await new World({ beads: false }).open()).toMatchObject({ autonomy: "SUGGEST", failure: null, knowingState: { policy: { standing: "missing" } } });
  });

  test("the specification is asked of the graph by its domain, and where none is in force there is none", async () => {
    const world = new World();
    const agent = { role: ROLE, agentId: AGENT };
    expect(await world.bridge().openSession({ sessionId: "KSS-1", ...agent, domain: PROTOCOL })).toMatchObject({ specificationId: world.specificationId });
    expect(await world.bridge().openSession({ sessionId: "KSS-2", ...agent, domain: "laundry" })).toMatchObject({ specificationId: null, failure: null });
  });

  test.each([
    ["the bead graph", "snapshot"],
    ["the artifact graph", "getActiveSpecification"],
  ])("when %s does not answer the session may do no more than suggest and says why, and nothing is thrown", async (_, silent) => {
    const world = new World();
    world.before = (call) => {
      if (call === silent) throw new Error("the line is dead");
    };
    const session = await world.bridge().openSession({ sessionId: "KSS-1", role: ROLE, agentId: AGENT, domain: PROTOCOL });
    expect(session).toMatchObject({ autonomy: "SUGGEST", failure: expect.stringContaining("the line is dead") });
  });

  test("a caller without a way to the knowing-state gets a session that may only suggest", async () => {
    const session = await new World().bridgeWithoutSessions().openSession({ sessionId: "KSS-1", role: ROLE, agentId: AGENT, domain: PROTOCOL });
    expect(session).toMatchObject({ autonomy: "SUGGEST", knowingState: null, failure: expect.stringContaining("no way to it") });
  });

  test("a later session of the same role sees what was adopted, at once (defect 36)", async () => {
    const world = new World();
    const adoption = await world.adopted(await world.proposed());
    const session = await world.open({ sessionId: "KSS-9" });
    expect(session.knowingState?.policy).toMatchObject({
      beadId: adoption.knowingStateBeadId,
      rules: { visits: "own ward", guidance: [{ text: "Remember: Chest pain is seen within a minute." }] },
    });
  });

  test("a trust that was revoked is seen by the next session", async () => {
    const world = new World();
    const head = world.beads.tip({ type: "trust", subject: AGENT });
    const content = { ...head?.content, status: "REVOKED" };
    const revoked = knowingStateBead({ type: "trust", content, parents: [head?.id ?? ""], supersedes: head?.id ?? "", writtenAt: 0 }, ORG);
    expect(await world.open()).toMatchObject({ autonomy: "EXECUTE_BOUNDED" });
    world.beads.write(revoked, "matron", "KSS-0");
    expect(await world.open({ sessionId: "KSS-2" })).toMatchObject({ autonomy: "SUGGEST", knowingState: { trust: { standing: "inactive" } } });
  });
});
