import { candidateSet } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { ANSWERS, aRequest } from "./testing/builders.ts";
import { commissioned, goodAnswer, Surroundings } from "./testing/surroundings.ts";

describe("the choice of a function", () => {
  test("is an event with the set, the winner and the losers, before the pass is complete", async () => {
    const world = await commissioned(new Surroundings(), aRequest());
    const [built] = world.of("CANDIDATE_SET_BUILT");
    expect(built).toMatchObject({ candidateSetId: expect.stringMatching(/^CST-/), selected: expect.stringMatching(/^FP-/), alternatives: ["multiply"] });
    expect(world.of("PASS_COMPLETED")[2]).toMatchObject({ pass: "propose-function", artifactId: built?.selected });
    const told = world.kinds.filter((kind) => kind === "PASS_COMPLETED" || kind === "CANDIDATE_SET_BUILT");
    expect(told).toEqual(["PASS_COMPLETED", "PASS_COMPLETED", "CANDIDATE_SET_BUILT", "PASS_COMPLETED", "PASS_COMPLETED"]);
  });

  test("keeps every option with its scores, and of each loser why it lost", async () => {
    const world = await commissioned(new Surroundings(), aRequest());
    const [built] = world.of("CANDIDATE_SET_BUILT");
    const set = candidateSet.parse(world.graph.get(built?.candidateSetId ?? "")?.data);
    expect(set).toMatchObject({
      selected: "double",
      candidates: [
        { proposal: { name: "double" }, outcome: "selected", total: 0.9 },
        { proposal: { name: "multiply" }, outcome: "rejected", scores: { value: 0.6 }, reason: expect.stringContaining("less value") },
      ],
    });
    const winner = world.graph.get(built?.selected ?? "");
    expect(winner).toMatchObject({ type: "FunctionProposal", data: { name: "double" } });
    expect(winner?.data).not.toHaveProperty("scores");
  });

  test("is told by an elucidation of its own, which is not the one the order was taken on for", async () => {
    const world = await commissioned(new Surroundings(), aRequest());
    const [built] = world.of("CANDIDATE_SET_BUILT");
    const recorded = world.graph.edgesOf(built?.candidateSetId ?? "").in.find(({ rel }) => rel === "records_candidate_set");
    expect(world.graph.edgesOf(recorded?.source ?? "").out).toContainEqual(
      expect.objectContaining({ rel: "records_selected_option", target: built?.selected }),
    );
    expect(world.graph.get(recorded?.source ?? "")).toMatchObject({
      type: "ElucidationArtifact",
      data: { disposition: "propose-function", rejectedOptions: [{ option: "multiply: multiply", reason: expect.stringContaining("against") }] },
    });
    const compiled = world.graph.get(world.compiles[0]?.request.elucidationArtifactId ?? "");
    expect(compiled?.data).toMatchObject({ disposition: "commissioning" });
  });

  test("does not depend on the order in which the model lists its options", async () => {
    const chosen = async (turned: boolean) => {
      const world = new Surroundings();
      world.plan = async (question) => {
        const answer = goodAnswer(question);
        if (question.purpose !== "propose-function" || !answer.ok) return answer;
        const candidates = ANSWERS["propose-function"]["candidates"] as object[];
        return { ...answer, value: { candidates: turned ? candidates.toReversed() : candidates } };
      };
      await commissioned(world, aRequest());
      return world.of("CANDIDATE_SET_BUILT");
    };
    expect(await chosen(true)).toEqual(await chosen(false));
  });
});

describe("the record of why the order was taken on", () => {
  test("missing before a pass ends the session with a code: nothing is made up and no model is asked", async () => {
    const world = new Surroundings();
    await world.session.commission(aRequest());
    world.plan = async (question) => {
      const answer = goodAnswer(question);
      world.storage.sql.exec("DELETE FROM artifacts WHERE type = 'ElucidationArtifact' AND json_extract(data, '$.disposition') = 'commissioning'");
      return answer;
    };
    await world.settle();
    expect(world.questions.map(({ purpose }) => purpose)).toEqual(["synthesize-pressure"]);
    expect(world.session.store.session()?.ending).toMatchObject({ state: "FAILED", reasonCode: "ELUCIDATION_MISSING" });
  });

  test("missing before compilation refuses it with a code, and nothing is compiled", async () => {
    const world = await commissioned(new Surroundings(), aRequest({ config: { reviewMode: "human" } }));
    world.storage.sql.exec("DELETE FROM artifacts WHERE type = 'ElucidationArtifact' AND json_extract(data, '$.disposition') = 'commissioning'");
    const review = (await world.session.status())?.openReview;
    await world.session.acknowledge({
      reviewId: review?.reviewId ?? "",
      decision: "approved",
      note: "",
      actionDigest: review?.actionDigest ?? "",
      principal: { id: "key:ann", kind: "api-key", org: "acme" },
    });
    await world.settle();
    expect(world.compiles).toEqual([]);
    expect(world.of("COMPILATION_FAILED")).toMatchObject([{ code: "ELUCIDATION_MISSING" }]);
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reasonCode: "ELUCIDATION_MISSING" }]);
    expect(await world.session.status()).toMatchObject({ commissioning: "failed" });
  });
});
