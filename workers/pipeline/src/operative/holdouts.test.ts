import type { ClaimedBead } from "@factory/schemas/rpc";
import { expect, test } from "vitest";
import { cleared } from "../../../../scripts/testing/clearances.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { aReport, RUN, SOURCE } from "./testing/builders.ts";
import { aHiddenOrder, valuesIn } from "./testing/hidden-order.ts";
import { OperativeWorld } from "./testing/world.ts";

const ORG = "acme";

/** The coder's bead as the coordinator hands it out. */
async function claimed(seed: ReturnType<typeof aHiddenOrder>["seed"]): Promise<ClaimedBead> {
  const { coordinator, clock } = new CoordinatorWorld();
  expect(await coordinator.seed("seed", cleared(seed, clock.now()))).toMatchObject({ ok: true });
  const answer = await coordinator.exchange(0, [], 1);
  const bead = answer.ok ? answer.beads[0] : undefined;
  if (bead === undefined) throw new Error("The coordinator handed out no bead.");
  return bead;
}

test("an operative that reads, searches, runs and checks everything it can is told no hidden value by any prompt, tool or check", async () => {
  const { seed, nodes, hidden, visible } = aHiddenOrder(ORG);
  const bead = await claimed(seed);
  const world = new OperativeWorld();
  const governing = nodes.filter(({ id }) => id === bead.specificationId || id === bead.directive.directiveId);
  await world.graphs.artifactRpc.append(governing, []);
  world.coordinator.offers.push({ ...bead, directive: { ...bead.directive, runId: RUN } });
  const paths = bead.directive.specFiles.map(({ path }) => path);
  world.script.push(
    [{ tool: "list_files", input: {} }],
    paths.map((path) => ({ tool: "read_file", input: { path } })),
    [
      { tool: "search_files", input: { text: "70" } },
      { tool: "search_files", input: { text: "double" } },
    ],
    [{ tool: "write_file", input: { path: "src/double.ts", content: SOURCE } }],
    [{ tool: "run_checks", input: {} }],
    aReport(),
  );
  await world.settle();
  expect(world.coordinator.applied).toMatchObject([{ result: { kind: "task", task: { status: "COMPLETE" } } }]);

  const told = world.prompts.at(-1) ?? "";
  const answers = toolAnswers(told);
  expect(answers.length).toBeGreaterThan(paths.length);
  expect(valuesIn(answers.join("\n"), hidden)).toEqual([]);
  expect(valuesIn(world.prompts[0] ?? "", hidden)).toEqual([]);
  expect(valuesIn(JSON.stringify(world.jobs), hidden)).toEqual([]);
  expect(valuesIn(JSON.stringify(bead), hidden)).toEqual([]);
  // The same search finds what is visible, so it would have found the rest.
  expect(valuesIn(answers.join("\n"), visible)).toEqual(visible);
  expect(valuesIn(JSON.stringify(world.jobs), visible)).toEqual(visible);
});

/** What tools answered in a conversation, without what the model itself asked for. */
function toolAnswers(prompt: string): string[] {
  const messages = JSON.parse(prompt) as { readonly role: string; readonly content: unknown }[];
  return messages.filter(({ role }) => role === "tool").map(({ content }) => JSON.stringify(content));
}
