/**
 * What a bead costs the operative in commits. The platform joins what is written between two calls that leave the object:
 * before the next one leaves, all of it is on disk.
 */
import { expect, test } from "vitest";
import { aBead, anotherBeadId, aReport, WRITE } from "./testing/builders.ts";
import { OperativeWorld } from "./testing/world.ts";

const CHECK = [{ tool: "run_checks", input: {} }] as const;

/** Counts the commits of a world from now on, with the call that each of them was before. */
function commitsOf(world: OperativeWorld): string[] {
  const commits: string[] = [];
  let dirty = false;
  const leaves = (call: string): void => {
    if (dirty) commits.push(call);
    dirty = false;
  };
  world.onOwnWrite = () => (dirty = true);
  world.graphs.around = ({ graph, method, when }) => {
    if (when === "before") leaves(`${graph}.${method}`);
  };
  world.coordinator.onExchange = () => leaves("exchange");
  const { check } = world;
  world.check = (job) => {
    leaves("check");
    return check(job);
  };
  const put = world.blobs.put.bind(world.blobs);
  world.blobs.put = (content) => {
    leaves("blob");
    return put(content);
  };
  return commits;
}

test("a bead of a write and a check is six commits: what a call outside rests on, and nothing by itself", async () => {
  const world = new OperativeWorld();
  world.coordinator.offers.push(aBead(), aBead({ beadId: anotherBeadId("second") }));
  world.script.push(WRITE, CHECK, aReport(), WRITE, CHECK, aReport());
  // Model calls leave the object too, where the model is not the one inside.
  const commits = commitsOf(world);
  await world.settle();
  expect(world.coordinator.applied).toHaveLength(2);
  // The first bead has the wake before it and finds nothing remembered.
  expect(commits.slice(-6)).toEqual([
    // The claim, the execution's id and its session.
    "beads.heads",
    // What governs it, and what is about to be recorded.
    "artifacts.append",
    // That the agent may have acted.
    "beads.heads",
    // The account of a model call, the consent to a write, and the write.
    "beads.heads",
    // The account of a model call and the consent to a check.
    "check",
    // The end of the session and the outcome.
    "exchange",
  ]);
});

test("the account of a model call is on disk before the next one goes out", async () => {
  const world = new OperativeWorld();
  world.coordinator.offers.push(aBead());
  world.script.push("No report.", async () => world.crash());
  await world.settle();
  const [outcome] = world.coordinator.applied;
  expect(outcome).toMatchObject({ result: { kind: "failure", failureClass: "infrastructure" } });
  expect(outcome?.modelCalls).toHaveLength(1);
});
