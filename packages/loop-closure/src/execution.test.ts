import { describe, expect, test } from "vitest";
import { AUTONOMY, ulidId } from "@factory/schemas";
import { agentNode, knowingStateBead } from "./index.ts";
import { AGENT, ORG, ROLE } from "./testing/ward.ts";
import { World } from "./testing/world.ts";

/** Moves the head of the agent's trust, as a person would. */
function moveTrust(world: World, change: { readonly [field: string]: unknown }): void {
  const head = world.beads.tip({ type: "trust", subject: AGENT });
  if (head === null) throw new Error("There is no trust to move.");
  const moved = knowingStateBead({ type: "trust", content: { ...head.content, ...change }, parents: [head.id], supersedes: head.id, writtenAt: 0 }, ORG);
  world.beads.write(moved, "matron", "KSS-0");
}

describe("BP2", () => {
  test("an execution is recorded in both graphs before it begins, under what governs it", async () => {
    const world = new World();
    const session = await world.open();
    const request = world.execution(session);
    const recorded = await world.bridge().recordExecution(request);
    if (!recorded.ok) throw new Error(recorded.message);
    expect(world.graph.get(request.executionId)).toMatchObject({
      type: "Execution",
      data: { bed: 4, role: ROLE, level: "EXECUTE_BOUNDED", headsDigest: session.knowingState?.headsDigest },
    });
    const { out } = world.graph.edgesOf(request.executionId);
    expect(out.map(({ rel }) => rel).sort()).toEqual(["created_by", "governed_by"]);
    expect(out.find(({ rel }) => rel === "governed_by")?.target).toBe(world.specificationId);
    expect(world.beads.get(recorded.executionBeadId)?.content).toMatchObject({
      subject_id: AGENT,
      autonomy_level: "EXECUTE_BOUNDED",
      nonce: request.executionId,
      artifact_graph_execution_id: request.executionId,
    });
  });

  test("the node of the knowing-state has the id that the retrieval gave it, so a caller may refer to it", async () => {
    const world = new World();
    const session = await world.open();
    const knowingStateId = session.knowingState?.knowingStateId ?? "";
    const edges = [{ source: knowingStateId, rel: "created_by", target: agentNode(ORG, session).id }];
    expect(await world.bridge().recordExecution(world.execution(session, { edges }))).toMatchObject({ ok: true, knowingStateId });
    expect(world.graph.get(knowingStateId)?.type).toBe("KnowingState");
  });

  test.each(AUTONOMY)("nothing above the ceiling %s is carried out, and what is refused is not written (defect 25)", async (ceiling) => {
    for (const level of AUTONOMY) {
      const world = new World({ autonomy: "EXECUTE_FULL", score: 1 });
      const session = await world.open({ ceiling });
      const before = world.state();
      const answer = await world.bridge().recordExecution(world.execution(session, { level, approvalId: "REV-1" }));
      const allowed = AUTONOMY.indexOf(level) <= AUTONOMY.indexOf(ceiling);
      expect(answer).toMatchObject(allowed ? { ok: true } : { ok: false, code: "GOVERNANCE_VIOLATION" });
      if (!allowed) expect(world.state()).toEqual(before);
    }
  });

  test("a caller that holds a better session than there is gets no more than there is", async () => {
    const world = new World();
    const session = await world.open({ ceiling: "PROPOSE" });
    const forged = { ...session, autonomy: "EXECUTE_FULL" as const };
    expect(await world.bridge().recordExecution(world.execution(forged))).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
  });

  test("at SUGGEST nothing is carried out without a person's leave, and with it the record names it", async () => {
    const world = new World({ score: 0.1 });
    const session = await world.open();
    expect(await world.bridge().recordExecution(world.execution(session, { level: "SUGGEST" }))).toMatchObject({ code: "GOVERNANCE_VIOLATION" });
    const answer = await world.bridge().recordExecution(world.execution(session, { level: "SUGGEST", approvalId: "REV-1" }));
    expect(answer).toMatchObject({ ok: true });
    expect(world.beads.get(answer.ok ? answer.executionBeadId : "")?.content).toMatchObject({ autonomy_level: "SUGGEST", approval_id: "REV-1" });
  });

  test("with a person's leave a suspended trust is named as what the person decided in spite of", async () => {
    const world = new World({ status: "SUSPENDED" });
    const answer = await world.bridge().recordExecution(world.execution(await world.open(), { level: "SUGGEST", approvalId: "REV-1" }));
    const bead = world.beads.get(answer.ok ? answer.executionBeadId : "");
    expect(bead?.content["trust_bead_id"]).toBe(world.beads.tip({ type: "trust", subject: AGENT })?.id);
  });

  test("without a policy and a trust there is nothing to record under, and the answer says what is missing", async () => {
    const world = new World({ beads: false });
    const before = world.state();
    const answer = await world.bridge().recordExecution(world.execution(await world.open(), { level: "SUGGEST", approvalId: "REV-1" }));
    expect(answer).toMatchObject({ ok: false, code: "FAILED_PRECONDITION", details: { missing: ["policy", "trust"] } });
    expect(world.state()).toEqual(before);
  });

  test("nothing is carried out without a retrieval, without a specification, or in a session that nobody opened", async () => {
    const world = new World();
    const session = await world.open();
    const refused = [
      { ...session, knowingState: null },
      { ...session, failure: "the line was dead" },
      { ...session, specificationId: null },
      { ...session, sessionId: "KSS-7" },
    ];
    const before = world.state();
    for (const one of refused) expect((await world.bridge().recordExecution(world.execution(one))).ok).toBe(false);
    expect((await world.bridgeWithoutSessions().recordExecution(world.execution(session))).ok).toBe(false);
    expect(world.state()).toEqual(before);
  });

  test("what governs the agent has moved since it was retrieved: refused before anything is written", async () => {
    const world = new World();
    const session = await world.open();
    moveTrust(world, { trust_score: 0.75 });
    const before = world.state();
    expect(await world.bridge().recordExecution(world.execution(session))).toMatchObject({ ok: false, code: "STALE_TARGET" });
    expect(world.state()).toEqual(before);
  });

  test("heads that were answered with the retrieval are not asked for again, and once they have moved the fence refuses the bead all the same", async () => {
    const world = new World();
    const session = await world.open();
    const headsSeen = session.knowingState?.headsDigest ?? "";
    const asked: string[] = [];
    world.before = (call) => void asked.push(call);
    expect(await world.bridge().recordExecution(world.execution(session, { headsSeen }))).toMatchObject({ ok: true, headsDigest: headsSeen });
    expect(asked).toEqual(["append", "write"]);
    moveTrust(world, { trust_score: 0.75 });
    const late = world.execution(session, { executionId: ulidId("EXE", 1), headsSeen });
    expect(await world.bridge().recordExecution(late)).toMatchObject({ ok: false, code: "STALE_TARGET" });
    expect(world.state()["beads"]?.filter(({ type }) => type === "execution")).toHaveLength(1);
  });

  test("what governs the agent moves between the two writes: the node says that it set out, no bead says that it ran, and a repeat is refused alike", async () => {
    const world = new World();
    const request = world.execution(await world.open());
    world.before = (call) => {
      if (call === "write") moveTrust(world, { trust_score: 0.75 });
      if (call === "write") world.before = () => undefined;
    };
    const refused = await world.bridge().recordExecution(request);
    expect(refused).toMatchObject({ ok: false, code: "STALE_TARGET" });
    expect(world.graph.get(request.executionId)?.type).toBe("Execution");
    expect(world.state()["beads"]?.filter(({ type }) => type === "execution")).toEqual([]);
    const before = world.state();
    expect(await world.bridge().recordExecution(request)).toEqual(refused);
    expect(world.state()).toEqual(before);
  });

  test("a repeat writes nothing twice and asks no graph again, and another execution is another one (defect 26)", async () => {
    const world = new World();
    const session = await world.open();
    const request = world.execution(session);
    const first = await world.bridge().recordExecution(request);
    const before = world.state();
    const { calls } = world;
    expect(await world.bridge().recordExecution(request)).toEqual(first);
    expect([world.state(), world.calls]).toEqual([before, calls]);
    await world.bridge().recordExecution(world.execution(session));
    expect(world.state()["beads"]?.filter(({ type }) => type === "execution")).toHaveLength(2);
  });

  test("two calls of one execution at once record it once", async () => {
    const world = new World();
    const request = world.execution(await world.open());
    const bridge = world.bridge();
    const [one, other] = await Promise.all([bridge.recordExecution(request), bridge.recordExecution(request)]);
    expect(one).toEqual(other);
    expect(world.state()["beads"]?.filter(({ type }) => type === "execution")).toHaveLength(1);
  });

  test("a source that is not in the graph yet is waited for; a graph that refuses for good ends it", async () => {
    const world = new World();
    const session = await world.open();
    const executionId = ulidId("EXE", 0);
    const early = world.execution(session, { executionId, edges: [{ source: executionId, rel: "corrects", target: "SPEC-0" }] });
    await expect(world.bridge().recordExecution(early)).rejects.toMatchObject({ name: "RetryableError" });
    const strange = world.execution(session, { nodes: [{ id: "X-1", type: "Patient", data: {}, parents: [] }] });
    await expect(world.bridge().recordExecution(strange)).rejects.toMatchObject({ name: "TerminalError" });
  });
});
