/** What beads cost the objects they are worked on in: the operative, the org's knowing-state and the assembly's lineage. */
import { defaultKnowingState } from "@factory/gears";
import { objectName, runIdOf } from "@factory/schemas";
import type { BeadOutcome } from "@factory/schemas/rpc";
import { aBead, aDirective, ASSEMBLY, lineageOf } from "./builders.ts";
import type { BeadsCost, ObjectCount } from "./cost.ts";
import type { CountedArtifactGraphDO, CountedBeadGraphDO, CountedOperativeDO } from "./counted-objects.ts";
import type { ProbeCoordinatorDO } from "./operative-probe.worker.ts";

/** The bindings of the probe's Worker, with the classes that it has. */
export type ProbeEnv = {
  readonly OPERATIVES: DurableObjectNamespace<CountedOperativeDO>;
  readonly BEAD_GRAPHS: DurableObjectNamespace<CountedBeadGraphDO>;
  readonly ARTIFACT_GRAPHS: DurableObjectNamespace<CountedArtifactGraphDO>;
  readonly COORDINATORS: DurableObjectNamespace<ProbeCoordinatorDO>;
};

const NOTHING: ObjectCount = { read: 0, written: 0, statements: 0, alarms: 0, calls: {} };

/** Tools of these beads: what a unit is written with. */
const PERMITTED = ["read_file", "write_file", "run_checks"];

/** A run whose beads write one file each, with everything a session leaves behind for them. */
export class CostedRun {
  readonly #env: ProbeEnv;
  readonly #org: string;
  readonly #runId: ReturnType<typeof runIdOf>;
  #beads: number;

  private constructor(env: ProbeEnv, org: string, done: number) {
    this.#env = env;
    this.#beads = done;
    this.#org = org;
    this.#runId = runIdOf(org, "SES-1", "SPEC-1");
  }

  /**
   * @param org - of its own for each run
   * @param done - beads that were worked on under this org before
   */
  static async begin(env: ProbeEnv, org: string, done = 0): Promise<CostedRun> {
    const run = new CostedRun(env, org, done);
    const { specification, directive } = lineageOf(org);
    await run.#lineage.append([specification, directive], []);
    await run.#knowingState.bootstrap(defaultKnowingState(org, Date.now()));
    return run;
  }

  /** Works on so many beads in so many slots, which a first wake starts. */
  async work(beads: number, slots: number): Promise<BeadsCost> {
    const stubs = Array.from({ length: slots }, (_, slot) => this.#env.OPERATIVES.getByName(objectName.operative(this.#org, this.#runId, slot)));
    await this.#offer(beads);
    await this.#take(stubs);
    const startedAt = Date.now();
    for (const [slot, stub] of stubs.entries()) await stub.wake(this.#org, this.#runId, slot);
    await this.#coordinator.reached(this.#beads);
    const wallMs = Date.now() - startedAt;
    const outcomes = await this.#outcomes(beads);
    const calls = outcomes.flatMap(({ modelCalls }) => modelCalls);
    return {
      beads,
      toolCalls: outcomes.reduce((sum, { toolCalls }) => sum + toolCalls, 0),
      modelCalls: calls.length,
      modelMs: calls.reduce((sum, { durationMs }) => sum + durationMs, 0),
      checkMs: outcomes.reduce((sum, { checkMs }) => sum + checkMs, 0),
      wallMs,
      ...(await this.#take(stubs)),
    };
  }

  async #offer(beads: number): Promise<void> {
    const { specification, directive } = lineageOf(this.#org);
    const permitted = aDirective({ runId: this.#runId, directiveId: directive.id, toolPolicy: { permitted: PERMITTED } });
    for (let bead = 0; bead < beads; bead++) {
      this.#beads += 1;
      await this.#coordinator.offer(aBead({ specificationId: specification.id, directive: permitted, epoch: this.#beads, leaseUntil: 1 }));
    }
  }

  async #outcomes(last: number): Promise<BeadOutcome[]> {
    const outcomes = (JSON.parse(await this.#coordinator.applied()) as BeadOutcome[]).slice(-last);
    const other = outcomes.find(({ result }) => result.kind !== "task" || result.task.status !== "COMPLETE");
    if (other !== undefined) throw new Error(`A bead was not done: ${JSON.stringify(other.result)}`);
    return outcomes;
  }

  async #take(operatives: readonly DurableObjectStub<CountedOperativeDO>[]): Promise<Pick<BeadsCost, "exchanges" | "operatives" | "knowingState" | "lineage">> {
    const counts = await Promise.all(operatives.map((stub) => stub.counts()));
    return {
      exchanges: await this.#coordinator.takeCalls(),
      operatives: counts.reduce<ObjectCount>(added, NOTHING),
      knowingState: await this.#knowingState.counts(),
      lineage: await this.#lineage.counts(),
    };
  }

  get #coordinator(): DurableObjectStub<ProbeCoordinatorDO> {
    return this.#env.COORDINATORS.getByName(objectName.coordinator(this.#org, this.#runId));
  }

  get #knowingState(): DurableObjectStub<CountedBeadGraphDO> {
    return this.#env.BEAD_GRAPHS.getByName(objectName.beadGraph(this.#org));
  }

  get #lineage(): DurableObjectStub<CountedArtifactGraphDO> {
    return this.#env.ARTIFACT_GRAPHS.getByName(objectName.artifactGraph(this.#org, ASSEMBLY));
  }
}

function added(one: ObjectCount, other: ObjectCount): ObjectCount {
  const calls = { ...one.calls };
  for (const [method, count] of Object.entries(other.calls)) calls[method] = (calls[method] ?? 0) + count;
  return {
    read: one.read + other.read,
    written: one.written + other.written,
    statements: one.statements + other.statements,
    alarms: one.alarms + other.alarms,
    calls,
  };
}
