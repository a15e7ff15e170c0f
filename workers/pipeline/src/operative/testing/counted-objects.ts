/** The objects that an attempt writes in, as they are deployed, with their storage and the calls into them counted. */
import { ArtifactGraphDO } from "../../../../graph/src/artifact-graph-do.ts";
import { BeadGraphDO } from "../../../../graph/src/bead-graph-do.ts";
import { RowCounter } from "../../testing/row-counter.ts";
import { OperativeDO } from "../operative-do.ts";
import type { ObjectCount } from "./cost.ts";

/** An object that counts. */
export interface Counted {
  /** Counts since the last call. */
  counts(): Promise<ObjectCount>;
}

type Alarms = Pick<DurableObjectStorage, "setAlarm" | "deleteAlarm">;

class Counter {
  readonly #rows: RowCounter;
  #alarms = 0;
  #calls = new Map<string, number>();

  constructor(storage: DurableObjectStorage) {
    this.#rows = new RowCounter(storage);
    const [set, remove] = [storage.setAlarm.bind(storage), storage.deleteAlarm.bind(storage)];
    const counted: Alarms = {
      setAlarm: (...args) => this.#alarm(() => set(...args)),
      deleteAlarm: (...args) => this.#alarm(() => remove(...args)),
    };
    Object.assign(storage, counted);
  }

  call(method: string): void {
    this.#calls.set(method, (this.#calls.get(method) ?? 0) + 1);
  }

  take(): ObjectCount {
    // Its commits are not taken: while one process has work, a timer, which is how it tells turns apart, does not run.
    const { read, written, statements } = this.#rows.take();
    const count = { read, written, statements, alarms: this.#alarms, calls: Object.fromEntries(this.#calls) };
    this.#alarms = 0;
    this.#calls = new Map();
    return count;
  }

  #alarm(work: () => Promise<void>): Promise<void> {
    this.#alarms += 1;
    return work();
  }
}

/** The operative. */
export class CountedOperativeDO extends OperativeDO implements Counted {
  readonly #counter: Counter;

  constructor(ctx: DurableObjectState, env: Env) {
    const counter = new Counter(ctx.storage);
    super(ctx, env);
    this.#counter = counter;
  }

  async counts(): Promise<ObjectCount> {
    return this.#counter.take();
  }
}

/** An org's knowing-state. */
export class CountedBeadGraphDO extends BeadGraphDO implements Counted {
  readonly #counter: Counter;

  constructor(ctx: DurableObjectState, env: Env) {
    const counter = new Counter(ctx.storage);
    super(ctx, env);
    this.#counter = counter;
  }

  async counts(): Promise<ObjectCount> {
    return this.#counter.take();
  }

  override async write(...args: Parameters<BeadGraphDO["write"]>): ReturnType<BeadGraphDO["write"]> {
    this.#counter.call("write");
    return super.write(...args);
  }

  override async writeAll(...args: Parameters<BeadGraphDO["writeAll"]>): ReturnType<BeadGraphDO["writeAll"]> {
    this.#counter.call("writeAll");
    return super.writeAll(...args);
  }

  override async heads(...args: Parameters<BeadGraphDO["heads"]>): ReturnType<BeadGraphDO["heads"]> {
    this.#counter.call("heads");
    return super.heads(...args);
  }

  override async snapshot(...args: Parameters<BeadGraphDO["snapshot"]>): ReturnType<BeadGraphDO["snapshot"]> {
    this.#counter.call("snapshot");
    return super.snapshot(...args);
  }

  override async tip(...args: Parameters<BeadGraphDO["tip"]>): ReturnType<BeadGraphDO["tip"]> {
    this.#counter.call("tip");
    return super.tip(...args);
  }
}

/** The lineage of an org's assembly. */
export class CountedArtifactGraphDO extends ArtifactGraphDO implements Counted {
  readonly #counter: Counter;

  constructor(ctx: DurableObjectState, env: Env) {
    const counter = new Counter(ctx.storage);
    super(ctx, env);
    this.#counter = counter;
  }

  async counts(): Promise<ObjectCount> {
    return this.#counter.take();
  }

  override async append(...args: Parameters<ArtifactGraphDO["append"]>): ReturnType<ArtifactGraphDO["append"]> {
    this.#counter.call("append");
    return super.append(...args);
  }

  override async getActiveSpecification(...args: Parameters<ArtifactGraphDO["getActiveSpecification"]>): ReturnType<ArtifactGraphDO["getActiveSpecification"]> {
    this.#counter.call("getActiveSpecification");
    return super.getActiveSpecification(...args);
  }
}
