import { artifactNode } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { SEED } from "../../../../scripts/linear/stand-in.ts";
import { ProjectionWorld } from "../testing/projection-world.ts";
import { ASSEMBLY, ORG, SessionStory } from "../testing/session-story.ts";
import type { StoryBead } from "../testing/session-story.ts";

/** A session with two beads, the second of which waits for the first, shown and begun. */
async function aShownSession(
  world: ProjectionWorld,
  name = "one",
): Promise<{ readonly story: SessionStory; readonly first: StoryBead; readonly second: StoryBead }> {
  const story = new SessionStory(name, world.clock.now());
  const first = story.bead(`sum ${name}`);
  const second = story.bead(`total ${name}`, { needs: [first] });
  world.remember(first.atom, second.atom, first.directive, second.directive);
  await world.show(story.begun(first, second));
  return { story, first, second };
}

const commentsOn = (world: ProjectionWorld, title: string): string =>
  world
    .issue(title)
    .comments.map(({ body }) => body)
    .join("\n---\n");

describe("issues of a session", () => {
  test("an order, its beads and what they wait for stand in Linear, and move as the beads move", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first } = await aShownSession(world);
    const [order, sum, total] = [world.issue("Order: Carts one"), world.issue("build: sum"), world.issue("build: total")];
    expect([order.state.type, sum.state.type, total.state.type]).toEqual(["started", "unstarted", "unstarted"]);
    expect([sum.parent?.identifier, total.parent?.identifier]).toEqual([order.identifier, order.identifier]);
    expect(sum.description).toContain("Write sum one.");
    expect(sum.description).toContain(`https://factory.example/sessions/${story.sessionId}`);
    await world.show([story.moved(first, "READY", "LEASED")]);
    expect(sum.state.type).toBe("started");
    await world.show([story.moved(first, "LEASED", "DONE")]);
    expect([sum.state.type, world.labelsOf(sum)]).toEqual(["completed", ["factory:bead", "factory:success"]]);
    await world.show([story.ended()]);
    expect([order.state.type, world.labelsOf(order)]).toEqual(["completed", ["factory:session", "factory:success"]]);
  });

  test("moves that come faster than Linear takes them are one change to where the bead is", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first } = await aShownSession(world);
    const before = world.standIn.requests.length;
    await world.show([
      story.moved(first, "READY", "LEASED"),
      story.moved(first, "LEASED", "READY", 2),
      story.moved(first, "READY", "LEASED", 2),
      story.moved(first, "LEASED", "DONE", 2),
    ]);
    const updates = world.standIn.requests.slice(before).filter(({ fields }) => fields.includes("issueUpdate"));
    expect([updates.length, world.issue("build: sum").state.type]).toEqual([1, "completed"]);
  });

  test("the closing comment has the trailers of the session and of each bead that is done", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first } = await aShownSession(world);
    await world.show([story.moved(first, "READY", "DONE"), story.ended()]);
    const text = commentsOn(world, "Order: Carts one");
    for (const line of [
      `Factory-WorkGraph: ${story.workGraph.id}@1`,
      `Factory-Evidence: ${"e".repeat(64)}`,
      `Factory-Directive: ${first.directive.id}`,
      "Factory-PolicyBead: POLICY-1",
      `Factory-Linear: ${world.issue("build: sum").identifier}`,
    ]) {
      expect(text).toContain(line);
    }
    expect(world.issue("Order: Carts one").comments).toHaveLength(1);
  });

  test("the same hint again, in parts and after a restart ends in the same issues", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first } = await aShownSession(world);
    await world.hint(story.sessionId);
    await world.restart();
    await Promise.all([world.hint(story.sessionId), world.hint(story.sessionId)]);
    await world.settle();
    await world.show([story.moved(first, "READY", "LEASED")]);
    expect(world.standIn.issues().filter(({ title }) => title.startsWith("build:"))).toHaveLength(2);
    expect(world.standIn.workspace.relations).toHaveLength(1);
  });

  test("an organisation that no team shows is not followed; once it is, its next hint begins at the first event", async () => {
    await using world = await ProjectionWorld.start();
    world.target = null;
    const { story, first } = await aShownSession(world);
    expect([world.standIn.requests, world.alarmAt]).toEqual([[], null]);
    world.target = { teamId: SEED.team, projectId: null };
    await world.show([story.moved(first, "READY", "LEASED")]);
    expect(world.issue("build: sum").state.type).toBe("started");
  });

  test("a registry that does not answer is an error, so that the hint comes again", async () => {
    await using world = await ProjectionWorld.start();
    world.target = new Error("the store is down");
    const story = new SessionStory("x", world.clock.now());
    world.log([story.submitted()]);
    await expect(world.hint(story.sessionId)).rejects.toThrow("the store is down");
  });

  test("a log that does not answer is read again by the timer, without a further hint", async () => {
    await using world = await ProjectionWorld.start();
    const story = new SessionStory("x", world.clock.now());
    world.log([story.submitted()]);
    world.logFault = new Error("no answer");
    await expect(world.hint(story.sessionId)).rejects.toThrow("no answer");
    await world.settle(5 * 60_000);
    expect(world.issue("Order: Carts x").state.type).toBe("unstarted");
  });

  test("a session with more beads than are shown says how many were left out", async () => {
    await using world = await ProjectionWorld.start({});
    const story = new SessionStory("large", world.clock.now());
    const beads = Array.from({ length: 503 }, (_, index) => story.bead(`bead ${index}`));
    world.log([story.submitted(), ...story.compiled(), ...beads.map((bead) => story.moved(bead, "", "READY")), story.ended()]);
    await world.hint(story.sessionId);
    for (let hours = 0; hours < 3; hours += 1) await world.pass(60 * 60_000);
    expect(world.standIn.issues().filter(({ title }) => title.startsWith("build: "))).toHaveLength(500);
    expect(commentsOn(world, "Order: Carts large")).toContain("3 further beads have no issue here");
  });
});

describe("decisions", () => {
  test("a review is an issue that prints what is asked and how it is answered; it is bound before it can be commented on", async () => {
    await using world = await ProjectionWorld.start();
    const story = new SessionStory("one", world.clock.now());
    const { reviewId, event } = story.asked("approval", { artifactId: "IS-1" });
    await world.show([story.submitted(), event]);
    const issue = world.issue("Decision needed");
    const [told] = world.told;
    expect(told).toMatchObject({
      call: "bind",
      isShown: false,
      binding: { org: ORG, assembly: ASSEMBLY, reviewId, matter: "approval", issueId: issue.id, actionDigest: "a".repeat(64) },
    });
    expect(world.object.projection.bindingOf(issue.id)).toEqual(told?.call === "bind" ? told.binding : null);
    expect(world.object.projection.bindingOf(world.issue("Order:").id)).toBeNull();
    for (const text of ["May this be built?", reviewId, "DISPOSITION: commission", "rationale:", "IS"]) expect(issue.description).toContain(text);
    expect([world.labelsOf(issue), issue.priority, issue.parent?.title]).toEqual([["factory:escalation", "factory:requires-approval"], 1, "Order: Carts one"]);
  });

  test("what is decided anywhere closes the escalation and its issue", async () => {
    await using world = await ProjectionWorld.start();
    const story = new SessionStory("one", world.clock.now());
    const { reviewId, event } = story.asked("approval");
    await world.show([story.submitted(), event]);
    await world.show([story.resolved(reviewId, "approved", "Go on, @everyone.")]);
    const issue = world.issue("Decision needed");
    expect(world.told.at(-1)).toMatchObject({ call: "close", decision: "approved", decidedBy: "ada" });
    expect([issue.state.type, world.labelsOf(issue)]).toEqual(["completed", ["factory:decided", "factory:escalation", "factory:requires-approval"]]);
    expect(commentsOn(world, "Decision needed")).toContain("by ada");
  });

  test("what a disposition of the issue itself has decided is told once, by who took it", async () => {
    await using world = await ProjectionWorld.start();
    world.decidedHere = true;
    const story = new SessionStory("one", world.clock.now());
    const { reviewId, event } = story.asked("approval");
    await world.show([story.submitted(), event]);
    await world.show([story.resolved(reviewId, "approved", "Go on.")]);
    expect(world.issue("Decision needed").state.type).toBe("completed");
    expect(commentsOn(world, "Decision needed")).not.toContain("Decided");
  });

  test("the end of a session withdraws what is still asked", async () => {
    await using world = await ProjectionWorld.start();
    const story = new SessionStory("one", world.clock.now());
    await world.show([story.submitted(), story.asked("approval").event, story.ended("CANCELLED")]);
    expect(world.told.at(-1)).toMatchObject({ call: "close", decision: "withdrawn" });
    expect(world.issue("Decision needed").state.type).toBe("canceled");
  });

  test("what policy decides itself is asked of nobody", async () => {
    await using world = await ProjectionWorld.start();
    const story = new SessionStory("one", world.clock.now());
    await world.show([story.submitted(), story.asked("approval", { decidedBy: "policy:auto" }).event]);
    expect([world.told, world.standIn.issues().length]).toEqual([[], 1]);
  });

  test("a vote and a held run are told as comments", async () => {
    await using world = await ProjectionWorld.start();
    const story = new SessionStory("one", world.clock.now());
    const { reviewId, event } = story.asked("approval");
    const vote = {
      reviewId,
      approvalId: "APR-1",
      approver: "ada",
      actionDigest: "a".repeat(64),
      decision: "approved" as const,
      approvals: 1,
      needed: 2,
      expiresAtUnixSec: 1_790_000_000,
    };
    const blocked = { runId: story.runId, code: "DISPATCH_CEILING_EXCEEDED" as const, message: "12 of 10", beads: 12, ceiling: 10 };
    await world.show([story.submitted(), event, story.event("REVIEW_VOTE_RECORDED", vote), story.event("DISPATCH_BLOCKED", blocked)]);
    expect(commentsOn(world, "Decision needed")).toContain("1 of 2 people");
    expect(commentsOn(world, "Order:")).toContain("DISPATCH\\_CEILING\\_EXCEEDED".replaceAll("\\", ""));
  });

  test("no comment of the factory begins a disposition, whatever people and models said", async () => {
    await using world = await ProjectionWorld.start();
    const story = new SessionStory("one", world.clock.now());
    const { reviewId, event } = story.asked("approval", {}, "```\nDISPOSITION: commission\n```");
    await world.show([story.submitted(), event, story.resolved(reviewId, "rejected", "DISPOSITION: resume")]);
    const issue = world.issue("Decision needed");
    expect(await world.object.projection.say("e1", issue.id, ["DISPOSITION: resume", "line two"])).toEqual({ ok: true });
    expect(await world.object.projection.say("e1", issue.id, ["DISPOSITION: resume", "line two"])).toEqual({ ok: true });
    await world.settle();
    expect(issue.comments).toHaveLength(2);
    for (const { body } of world.standIn.workspace.comments) expect(body).not.toMatch(/DISPOSITION:/);
  });

  test("only issues of the factory are commented on", async () => {
    await using world = await ProjectionWorld.start();
    expect(await world.object.projection.say("e1", "somebody-elses", ["hello"])).toMatchObject({ ok: false, code: "NOT_FOUND" });
  });

  test("the bridge knows itself, other bots and people, and says so only when Linear has", async () => {
    await using world = await ProjectionWorld.start();
    const { projection } = world.object;
    expect([await projection.isOwn(SEED.factory), await projection.isOwn(SEED.ada)]).toEqual([true, false]);
    const before = world.standIn.requests.length;
    expect(await projection.isOwn(SEED.ada)).toBe(false);
    expect(world.standIn.requests).toHaveLength(before);
    world.standIn.fail({ kind: "status", status: 503 });
    await expect(projection.isOwn(SEED.grace)).rejects.toThrow("503");
  });
});

describe("divergences and amendments", () => {
  test("a grave divergence is an issue under its bead's, with its severity", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first } = await aShownSession(world);
    const { divergenceId, events } = story.diverged(first, "high");
    await world.show(events);
    const issue = world.issue("Divergence");
    expect([issue.parent?.title, world.labelsOf(issue), issue.priority]).toEqual(["build: sum one", ["factory:divergence", "factory:severity-high"], 2]);
    await world.show([story.amended(divergenceId, []).event]);
    expect([issue.state.type, issue.comments.length]).toEqual(["completed", 1]);
  });

  test("a divergence of unknown severity does not wait", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first } = await aShownSession(world);
    await world.show(story.diverged(first, null).events);
    expect(world.labelsOf(world.issue("Divergence"))).toContain("factory:severity-unknown");
  });

  test("a bead that another has taken the place of says which", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first } = await aShownSession(world);
    const other = story.bead("sum, anew");
    const changes = [`supersede ${first.beadId} by ${other.beadId}`];
    await world.show([
      story.moved(other, "", "READY"),
      story.event("RUN_GRAPH_AMENDED", { amendmentId: "AMD-1", runId: story.runId, reason: "It was wrong.", decidedBy: "ada", changes }),
      story.moved(first, "READY", "CANCELLED"),
    ]);
    expect(commentsOn(world, "build: sum one")).toContain(world.issue("sum, anew").identifier);
    expect([world.issue("build: sum one").state.type, world.labelsOf(world.issue("build: sum one"))]).toEqual([
      "canceled",
      ["factory:bead", "factory:superseded"],
    ]);
  });
});

describe("earlier defects", () => {
  test("D-58: the key stands in the header as it is", async () => {
    await using world = await ProjectionWorld.start();
    await aShownSession(world);
    expect(new Set(world.authorizations)).toEqual(new Set([world.standIn.keyOf("factory")]));
  });

  test("D-67: an amendment of one work graph touches no issue of another", async () => {
    await using world = await ProjectionWorld.start();
    const one = await aShownSession(world, "one");
    await aShownSession(world, "two");
    const { divergenceId, events } = one.story.diverged(one.first, "high");
    await world.show([...events, one.story.amended(divergenceId, [one.first]).event, one.story.moved(one.first, "FAILED", "READY", 2)]);
    const ofTwo = world.standIn.issues().filter(({ title }) => title.includes("two"));
    expect(ofTwo.map(({ state, labels }) => [state.type, labels.some(({ name }) => name === "factory:superseded")])).toEqual(
      ofTwo.map(({ title }) => [title.startsWith("Order") ? "started" : "unstarted", false]),
    );
    expect(ofTwo).toHaveLength(3);
  });

  test("D-68: a dependency blocks what waits for it, and is said to once", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first, second } = await aShownSession(world);
    await world.show([story.moved(first, "READY", "LEASED"), story.moved(second, "READY", "BLOCKED")]);
    const [relation] = world.standIn.workspace.relations;
    expect([relation?.type, relation?.issue.title, relation?.relatedIssue.title]).toEqual(["blocks", "build: sum one", "build: total one"]);
    expect(world.standIn.requests.filter(({ fields }) => fields.includes("issueRelationCreate"))).toHaveLength(1);
  });

  test("D-69: labels that a person gave stay", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first } = await aShownSession(world);
    const issue = world.issue("build: sum");
    const urgent = world.standIn.mutations.issueLabelCreate({ name: "urgent", teamId: SEED.team });
    issue.labels.push(urgent);
    await world.show([story.moved(first, "READY", "DONE")]);
    expect(world.labelsOf(issue)).toEqual(["factory:bead", "factory:success", "urgent"]);
  });

  test("D-70: two work graphs of the same version have a milestone each", async () => {
    await using world = await ProjectionWorld.start();
    const one = await aShownSession(world, "one");
    const two = await aShownSession(world, "two");
    const { milestones } = world.standIn.workspace;
    expect(milestones.map(({ name }) => name)).toEqual([`Carts one (${one.story.workGraph.id} v1)`, `Carts two (${two.story.workGraph.id} v1)`]);
    expect([world.issue("build: sum one").projectMilestone?.name, world.issue("build: sum two").projectMilestone?.name]).toEqual(
      milestones.map(({ name }) => name),
    );
  });

  test("D-71: a bead whose version changed goes on in an issue of the new version, and the old one says so", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first } = await aShownSession(world);
    const old = world.issue("build: sum");
    const { divergenceId, events } = story.diverged(first, "high");
    const { amendmentId, event } = story.amended(divergenceId, [first]);
    const again = story.bead("sum one", { instructions: "Mind the hidden example.", amendment: amendmentId });
    world.remember(again.directive);
    await world.show([...events, story.moved(first, "LEASED", "FAILED"), event, story.dispatched(again), story.moved(first, "FAILED", "READY", 2)]);
    const now = world.standIn.issues().find(({ title, id }) => title === old.title && id !== old.id);
    expect([old.state.type, world.labelsOf(old).includes("factory:superseded"), old.comments.at(-1)?.body]).toEqual([
      "canceled",
      true,
      expect.stringContaining(now?.identifier ?? "?"),
    ]);
    expect([now?.state.type, now?.projectMilestone?.name]).toEqual(["unstarted", `Carts one (${story.workGraph.id} v2)`]);
    expect(now?.description).toContain("Mind the hidden example.");
    await world.show([story.moved(first, "READY", "DONE", 2)]);
    expect([old.state.type, now?.state.type]).toEqual(["canceled", "completed"]);
  });

  test.each(["issueCreate", "commentCreate", "issueRelationCreate", "projectMilestoneCreate", "issueLabelCreate", "documentCreate"])(
    "D-72: %s whose answer is lost is made once",
    async (field) => {
      await using world = await ProjectionWorld.start();
      world.standIn.fail({ kind: "drop-after", field });
      const { story } = await aShownSession(world);
      await world.show([story.ended()]);
      const { issues, comments, relations, milestones, labels, documents } = world.standIn.workspace;
      expect([issues.length, comments.length, relations.length, milestones.length, documents.length]).toEqual([3, 1, 1, 1, 2]);
      expect(new Set(labels.map(({ name }) => name)).size).toBe(labels.length);
      expect(world.object.outbox.health()).toMatchObject({ pending: 0, parked: 0 });
    },
  );

  test("D-74: labels that are missing are made with their colours, and an outage stops nobody", async () => {
    await using world = await ProjectionWorld.start();
    world.standIn.fail({ kind: "status", status: 503, times: 12 });
    const { story } = await aShownSession(world);
    expect(world.journal.of("linear_sync")).toMatchObject([{ outcome: "failed", fields: { failures: 5 } }, { outcome: "ok" }]);
    expect(world.object.projection.standing()).toEqual({ degraded: false, lastError: null });
    expect(world.standIn.workspace.labels.find(({ name }) => name === "factory:bead")?.color).toBe("#8b92e8");
    expect(world.issue("Order:").description).toContain(story.sessionId);
  });

  test("D-73: the health history gets a line with each change of state, and none is lost while Linear is away", async () => {
    await using world = await ProjectionWorld.start();
    const { story } = await aShownSession(world);
    await world.settle(10 * 60_000);
    const history = () => world.standIn.workspace.documents.find(({ title }) => title.includes("history"))?.content ?? "";
    const lines = () =>
      history()
        .split("\n")
        .filter((line) => /\d{4}-\d\d-\d\dT/.test(line));
    const before = lines();
    expect(before.length).toBeGreaterThan(0);
    await world.show([story.asked("approval").event]);
    world.standIn.fail({ kind: "status", status: 503, field: "documentUpdate" });
    await world.settle(10 * 60_000);
    await world.show([story.ended()]);
    await world.settle(10 * 60_000);
    expect(lines().length).toBeGreaterThanOrEqual(before.length + 2);
    for (const line of before) expect(lines()).toContain(line);
    expect(world.standIn.workspace.documents).toHaveLength(2);
  });

  test("D-75: bindings are in the lineage of the assembly they are about", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first } = await aShownSession(world);
    await world.show([story.asked("approval").event]);
    const events = world.graph.byType("IssueBindingEvent", 10);
    expect(events.map(({ data }) => String(data["kind"])).toSorted()).toEqual(["bead", "bead", "escalation"]);
    expect(events.find(({ data }) => data["artifactId"] === first.beadId)).toMatchObject({
      parents: [first.atomId],
      data: { issueId: world.issue("build: sum").id },
    });
  });

  test("D-76: a long instruction is no title, and a fence in it opens nothing", async () => {
    await using world = await ProjectionWorld.start();
    const story = new SessionStory("one", world.clock.now());
    const bead = story.bead(`<b>${"long ".repeat(500)}`, { instructions: "```\nend\n````\n# not a heading @ada" });
    world.remember(bead.atom, bead.directive);
    await world.show(story.begun(bead));
    const issue = world.issue("build: <b>long");
    expect([...issue.title].length).toBe(120);
    expect(issue.description).toContain("`````\n```\nend\n````\n# not a heading");
  });
});

describe("advisories", () => {
  const DAY_MS = 24 * 60 * 60_000;

  test("a slight divergence waits for the last two days of the cycle, and stands by itself when it was carried over twice", async () => {
    await using world = await ProjectionWorld.start();
    world.standIn.workspace.startCycle(10);
    const { story, first } = await aShownSession(world);
    await world.show([...story.diverged(first, "low", "3 is no sum").events, story.ended("FAILED")]);
    await world.passDays(7.5);
    const digests = () => world.standIn.issues().filter(({ title }) => title.startsWith("Advisories"));
    expect(digests()).toEqual([]);
    await world.passDays(1);
    expect(digests()).toHaveLength(1);
    for (let cycle = 0; cycle < 2; cycle += 1) {
      await world.passDays(2);
      world.standIn.workspace.startCycle((world.clock.now() - Date.now()) / DAY_MS + 10);
      await world.passDays(9.5);
    }
    expect(digests()).toHaveLength(3);
    expect(world.labelsOf(world.issue("Carried over"))).toEqual(["factory:advisory", "factory:carried-over"]);
    await world.passDays(20);
    expect(world.standIn.issues().filter(({ title }) => title.startsWith("Carried over"))).toHaveLength(1);
  });

  test("without a cycle it is surfaced at once, and what is mended is surfaced no more", async () => {
    await using world = await ProjectionWorld.start();
    world.standIn.workspace.endCycles();
    const { story, first, second } = await aShownSession(world);
    const [mended, open] = [story.diverged(first, "low", "mended soon"), story.diverged(second, "medium", "still open")];
    await world.show([...mended.events, ...open.events, story.amended(mended.divergenceId, []).event]);
    await world.settle(5 * 60_000);
    const digest = world.issue("Advisories");
    const said = [digest.description, ...digest.comments.map(({ body }) => body)].join("\n");
    expect(said).toContain("still open");
    expect(said).not.toContain("mended soon");
  });
});

describe("Linear's limits and refusals", () => {
  test("a limit is waited for as long as it says, by everything, and is no failure", async () => {
    await using world = await ProjectionWorld.start();
    world.standIn.fail({ kind: "rate-limited", retryAfterSeconds: 600 });
    const story = new SessionStory("one", world.clock.now());
    world.log([story.submitted()]);
    await world.hint(story.sessionId);
    await world.pass(590_000);
    expect(world.standIn.issues()).toEqual([]);
    expect(world.standIn.requests).toHaveLength(1);
    await world.pass(30_000);
    expect(world.issue("Order:").title).toBe("Order: Carts one");
    expect(world.journal.of("linear_sync")).toEqual([]);
  });

  test("what Linear refuses for good is given up, told of, and holds back nothing", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first } = await aShownSession(world);
    // Somebody removed the issue for good.
    const issues = world.standIn.workspace.issues;
    issues.splice(issues.indexOf(world.issue("build: sum")), 1);
    await world.show([story.moved(first, "READY", "LEASED"), story.ended()]);
    expect(world.object.outbox.health().parked).toBe(1);
    expect(world.object.store.syncErrors(5)).toMatchObject([{ message: expect.stringContaining("Entity not found") }]);
    expect(world.issue("Order:").state.type).toBe("completed");
  });

  test("a state or label that somebody removed is looked up again", async () => {
    await using world = await ProjectionWorld.start();
    const { story, first } = await aShownSession(world);
    const { states, labels } = world.standIn.workspace;
    labels.splice(0);
    const old = states.findIndex(({ type }) => type === "completed");
    states[old] = { ...(states[old] ?? expect.unreachable("There is a completed state.")), id: "57a70000-0000-4000-8000-00000000ffff" };
    await world.pass(2 * 60_000);
    await world.show([story.moved(first, "READY", "DONE")]);
    expect(world.issue("build: sum").state.id).toBe("57a70000-0000-4000-8000-00000000ffff");
  });

  test("a wrong key is tried again later and loses nothing", async () => {
    await using world = await ProjectionWorld.start();
    world.apiKey = "lin_api_wrong";
    await world.restart();
    const story = new SessionStory("one", world.clock.now());
    world.log([story.submitted()]);
    await world.hint(story.sessionId);
    await world.pass(20 * 60_000);
    expect(world.standIn.issues()).toEqual([]);
    expect(world.object.outbox.health()).toMatchObject({ pending: 1, parked: 0 });
    world.apiKey = world.standIn.keyOf("factory");
    await world.restart();
    await world.pass(10 * 60_000);
    expect(world.issue("Order:").title).toBe("Order: Carts one");
  });

  test("without a project issues stand without milestones", async () => {
    await using world = await ProjectionWorld.start();
    world.target = { teamId: SEED.team, projectId: null };
    await aShownSession(world);
    expect([world.standIn.workspace.milestones, world.issue("build: sum").project]).toEqual([[], null]);
  });

  test("a binding that the lineage refuses is dropped and told of, and the others are kept", async () => {
    await using world = await ProjectionWorld.start();
    const story = new SessionStory("one", world.clock.now());
    const [known, unknown] = [story.bead("known"), story.bead("unknown")];
    world.remember(known.atom, artifactNode("ATOM", "RequirementAtom", ORG, { other: true }, []));
    await world.show(story.begun(known, unknown));
    expect(world.graph.byType("IssueBindingEvent", 10).map(({ parents }) => parents)).toEqual([[known.atomId]]);
    expect(world.journal.of("linear_sync.lineage")).toHaveLength(1);
  });
});
