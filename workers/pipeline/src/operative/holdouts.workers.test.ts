import { env } from "cloudflare:workers";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { defaultKnowingState } from "@factory/gears";
import { blobKey, objectName } from "@factory/schemas";
import { artifactGraphOf, beadGraphOf } from "@factory/schemas/rpc";
import type { BeadOutcome, ClaimedBead, SeedRequest } from "@factory/schemas/rpc";
import { expect, test } from "vitest";
import { cleared } from "../../../../scripts/testing/clearances.ts";
import { loneCoordinator } from "../testing/lone-coordinator.ts";
import { systemPrompt, userPrompt } from "./prompts.ts";
import { ASSEMBLY } from "./testing/builders.ts";
import { aHiddenOrder, valuesIn } from "./testing/hidden-order.ts";
import { SANDBOX_GATE } from "./testing/operative-probe.worker.ts";
import type { ProbeCoordinatorDO } from "./testing/operative-probe.worker.ts";

const ORG = "holdouts";

/** The generated bindings do not know the classes of the test's Worker. */
const coordinatorNamed = (name: string) => env.COORDINATORS.getByName(name) as unknown as DurableObjectStub<ProbeCoordinatorDO>;

/** The bead of the coder as the real coordinator hands it out, from the storage of an object of its own. */
async function claimedFrom(seed: SeedRequest): Promise<ClaimedBead> {
  const claimed = await runInDurableObject(coordinatorNamed("holdouts-lone"), async (_, { storage }) => {
    const { coordinator } = await loneCoordinator(storage);
    expect(await coordinator.seed("seed", cleared(seed, Date.now()))).toMatchObject({ ok: true });
    const answer = await coordinator.exchange(0, [], 1);
    return JSON.stringify(answer.ok ? answer.beads : []);
  });
  const [bead] = JSON.parse(claimed) as ClaimedBead[];
  if (bead === undefined) throw new Error("The coordinator handed out no bead.");
  return bead;
}

/** Every row of every table of an object, bytes as text. */
function everyRow(storage: DurableObjectStorage): string {
  const tables = storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray();
  const rows = tables.flatMap(({ name }) => storage.sql.exec(`SELECT * FROM "${name}"`).toArray());
  return rows
    .flatMap((row) => Object.values(row))
    .map((value) => (value instanceof ArrayBuffer ? new TextDecoder().decode(value) : String(value)))
    .join("\n");
}

test("an operative has the visible examples of its claim and physically lacks the hidden ones: in its bead, prompts, files and rows", async () => {
  const { seed, nodes, hidden, visible } = aHiddenOrder(ORG);
  expect(valuesIn(JSON.stringify(seed), hidden)).toEqual(hidden);
  const bead = await claimedFrom(seed);
  const graph = artifactGraphOf(env, ORG, ASSEMBLY);
  const beads = beadGraphOf(env, ORG);
  const governing = nodes.filter(({ id }) => id === bead.specificationId || id === bead.directive.directiveId);
  expect(await graph.append(governing, [])).toMatchObject({ ok: true });
  await beads.bootstrap(defaultKnowingState(ORG, Date.now()));

  const operative = env.OPERATIVES.getByName(objectName.operative(ORG, bead.directive.runId, 0));
  const coordinator = coordinatorNamed(objectName.coordinator(ORG, bead.directive.runId));
  const applied = async (): Promise<BeadOutcome[]> => JSON.parse(await coordinator.applied()) as BeadOutcome[];
  // Rows are looked at while it works too, held in its checks: what it has forgotten again it has had.
  const seen: string[] = [];
  const look = () => runInDurableObject(operative, (_, { storage }) => void seen.push(everyRow(storage)));
  const gate = coordinatorNamed(SANDBOX_GATE);
  await gate.shut();
  await coordinator.offer(bead);
  await operative.wake(ORG, bead.directive.runId, 0);
  const attempt = runDurableObjectAlarm(operative);
  await expect.poll(() => gate.waiting(), { timeout: 30_000 }).toBe(1);
  await look();
  await gate.open();
  await attempt;
  await expect
    .poll(applied, { timeout: 30_000 })
    .toMatchObject([{ result: { kind: "task", task: { status: "COMPLETE" }, changeSet: [{ path: "src/double.ts" }] } }]);
  await look();

  const [outcome] = await applied();
  const [change] = outcome?.result.kind === "task" ? outcome.result.changeSet : [];
  const source = await (await env.BLOBS.get(blobKey.content(change?.digest ?? "")))?.text();
  const places = {
    bead: JSON.stringify(bead),
    directive: JSON.stringify(bead.directive),
    prompts: [systemPrompt(bead.directive, bead.directive.toolPolicy.permitted, []), userPrompt(bead)].join("\n"),
    rows: seen.join("\n"),
    outcome: JSON.stringify(outcome),
    source: source ?? "",
  };
  expect(Object.fromEntries(Object.entries(places).map(([place, text]) => [place, valuesIn(text, hidden)]))).toEqual(
    Object.fromEntries(Object.keys(places).map((place) => [place, []])),
  );
  // The same search finds what is visible, so it would have found the rest.
  expect(valuesIn(places.bead, visible)).toEqual(visible);
  expect(valuesIn(places.prompts, visible)).toEqual(visible);
  expect(valuesIn(places.rows, visible)).toEqual(visible);
});
