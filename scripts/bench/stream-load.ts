/**
 * The publisher and the subscribers of one run of `pnpm bench:stream`, in a process of their own. Takes one JSON argument and prints one
 * JSON line. Latency is from the publisher's write to the frame read at a subscriber.
 */
import { factoryDialect, factoryGraphqlDialect, graphqlDialect, type Dialect } from "./stream-dialects.ts";
import { RawSocket } from "./raw-socket.ts";

/** Events in flight until stopped, or so many a second. */
export type Shape = { readonly inFlight: number } | { readonly perSecond: number };

export type LoadOptions = {
  readonly url: string;
  /** `factory-graphql` is the factory's server, spoken to as the peer is. */
  readonly server: "factory" | "factory-graphql" | "graphql-ws";
  /** Tells runs against one server apart. */
  readonly run: string;
  readonly subscribers: number;
  readonly shape: Shape;
  readonly seconds: number;
};

export type LoadFigures = {
  readonly eventsPerSecond: number;
  readonly deliveriesPerSecond: number;
  /** Deliveries that came in the window, over those that were due in it; 1 for a saturated run. */
  readonly achieved: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Frames that a subscriber is sent for one event. */
  readonly framesPerEvent: number;
  /** Frames of one subscriber of each part of the server, for one event. */
  readonly pushesPerEvent: number;
  readonly bytesPerDelivery: number;
  /** Events published in the window; with the disk's flushes the caller counts, flushes per event. */
  readonly events: number;
};

const WARM_UP_MS = 1_500;
const DRAIN_MS = 3_000;
/** Upgrades under way at once. */
const CONNECTING = 50;
/** Every so many-th subscriber parses every frame whole and checks it. */
const CHECKED_EVERY = 50;
const BUCKET_MS = 0.25;
const BUCKETS = 80_000;
const TICK_MS = 2;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

const DIALECTS: { readonly [S in LoadOptions["server"]]: (run: string) => Dialect } = {
  factory: factoryDialect,
  "factory-graphql": factoryGraphqlDialect,
  "graphql-ws": graphqlDialect,
};

class Load {
  readonly #options: LoadOptions;
  readonly #dialect: Dialect;
  readonly #lastSeqs: Int32Array;
  readonly #watched = new Set<number>();
  readonly #publishedAt: number[] = [0];
  /** Subscribers that have an event, by its seq. */
  readonly #arrived: number[] = [0];
  readonly #histogram = new Uint32Array(BUCKETS);
  #publisher: RawSocket | undefined;
  #published = 0;
  #measuring = false;
  /** Events published while measuring: from the first, up to and without the second. */
  #measured: [number, number] = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  #deliveries = 0;
  #frames = 0;
  #pushes = 0;
  #bytes = 0;
  #saturated = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#dialect = DIALECTS[options.server](options.run);
    this.#lastSeqs = new Int32Array(options.subscribers);
    const parts = new Set<number>();
    for (let index = 0; index < options.subscribers; index++) {
      const part = this.#dialect.part(index);
      if (!parts.has(part)) this.#watched.add(index);
      parts.add(part);
    }
  }

  async run(): Promise<LoadFigures> {
    this.#publisher = await this.#open(this.#dialect.publisherPath(), undefined, () => undefined);
    this.#publish();
    await this.#subscribeAll();
    await this.#everyoneIsLive();
    const { shape, seconds } = this.#options;
    return "inFlight" in shape ? this.#saturate(shape.inFlight, seconds) : this.#offer(shape.perSecond, seconds);
  }

  async #saturate(inFlight: number, seconds: number): Promise<LoadFigures> {
    this.#saturated = true;
    for (let index = 0; index < inFlight; index++) this.#publish();
    await sleep(WARM_UP_MS);
    const elapsed = await this.#measure(seconds);
    this.#saturated = false;
    return this.#figures(elapsed, 1);
  }

  async #offer(perSecond: number, seconds: number): Promise<LoadFigures> {
    const started = performance.now();
    const before = this.#published;
    const timer = setInterval(() => {
      const due = before + Math.floor(((performance.now() - started) / 1_000) * perSecond);
      while (this.#published < due) this.#publish();
    }, TICK_MS);
    await sleep(WARM_UP_MS);
    const elapsed = await this.#measure(seconds);
    const { subscribers } = this.#options;
    const achieved = this.#deliveries / (subscribers * perSecond * elapsed);
    const figures = (): LoadFigures => this.#figures(elapsed, achieved);
    clearInterval(timer);
    const { eventsPerSecond, deliveriesPerSecond, framesPerEvent, pushesPerEvent, bytesPerDelivery, events } = figures();
    // What was published in the window may come after it, and counts as late as it is.
    await sleep(DRAIN_MS);
    const { p50Ms, p99Ms } = figures();
    return { eventsPerSecond, deliveriesPerSecond, achieved: round(achieved, 3), p50Ms, p99Ms, framesPerEvent, pushesPerEvent, bytesPerDelivery, events };
  }

  /** @returns seconds that were measured */
  async #measure(seconds: number): Promise<number> {
    this.#measured = [this.#published + 1, Number.MAX_SAFE_INTEGER];
    say({ measuring: true });
    const started = performance.now();
    this.#measuring = true;
    await sleep(seconds * 1_000);
    this.#measuring = false;
    const elapsed = (performance.now() - started) / 1_000;
    this.#measured[1] = this.#published + 1;
    say({ measuring: false });
    return elapsed;
  }

  #figures(elapsed: number, achieved: number): LoadFigures {
    const { subscribers } = this.#options;
    const delivered = this.#deliveries / subscribers;
    return {
      eventsPerSecond: round(delivered / elapsed, 1),
      deliveriesPerSecond: Math.round(this.#deliveries / elapsed),
      achieved: round(achieved, 3),
      p50Ms: this.#percentile(0.5),
      p99Ms: this.#percentile(0.99),
      framesPerEvent: round(this.#frames / this.#deliveries, 4),
      pushesPerEvent: round(this.#pushes / delivered, 3),
      bytesPerDelivery: Math.round(this.#bytes / this.#deliveries),
      events: this.#measured[1] - this.#measured[0],
    };
  }

  #percentile(share: number): number {
    const total = this.#histogram.reduce((sum, count) => sum + count, 0);
    let seen = 0;
    for (const [bucket, count] of this.#histogram.entries()) {
      seen += count;
      if (seen >= total * share) return round((bucket + 1) * BUCKET_MS);
    }
    return Number.NaN;
  }

  #publish(): void {
    this.#published += 1;
    this.#arrived[this.#published] = 0;
    this.#publishedAt[this.#published] = performance.now();
    this.#publisher?.send(this.#dialect.event(this.#published));
  }

  async #subscribeAll(): Promise<void> {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < this.#options.subscribers) await this.#subscribe(next++);
    };
    await Promise.all(Array.from({ length: CONNECTING }, lane));
  }

  async #subscribe(index: number): Promise<void> {
    let socket: RawSocket | undefined;
    const early: Buffer[] = [];
    const onText = (frame: Buffer): void => {
      if (socket === undefined) early.push(Buffer.from(frame));
      else this.#hear(index, frame, socket);
    };
    socket = await this.#open(this.#dialect.subscriberPath(index), this.#dialect.subprotocol, onText);
    for (const frame of early) this.#hear(index, frame, socket);
    this.#dialect.hello(socket, index);
  }

  #open(path: string, subprotocol: string | undefined, onText: (frame: Buffer) => void): Promise<RawSocket> {
    return RawSocket.open(new URL(path, this.#options.url), subprotocol, onText, (reason) => fail(`A socket was closed: ${reason}`));
  }

  /** A server without replay may not have subscribed everyone when the first event came. */
  async #everyoneIsLive(): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt++) {
      this.#publish();
      const asked = this.#published;
      for (let waited = 0; waited < 50 && (this.#arrived[asked] ?? 0) < this.#options.subscribers; waited++) await sleep(20);
      if (this.#arrived[asked] === this.#options.subscribers) return;
    }
    fail("Not every subscriber was sent the same event.");
  }

  #hear(index: number, frame: Buffer, socket: RawSocket): void {
    const before = this.#lastSeqs[index] ?? 0;
    const heard = this.#dialect.hear(frame, socket, before, index % CHECKED_EVERY === 0);
    if (heard === null) return;
    this.#lastSeqs[index] = heard.lastSeq;
    const now = performance.now();
    for (let seq = heard.lastSeq - heard.events + 1; seq <= heard.lastSeq; seq++) this.#arrive(seq, now);
    if (!this.#measuring) return;
    this.#deliveries += heard.events;
    this.#frames += 1;
    this.#bytes += frame.length;
    if (this.#watched.has(index)) this.#pushes += 1;
  }

  #arrive(seq: number, now: number): void {
    const arrived = (this.#arrived[seq] ?? 0) + 1;
    this.#arrived[seq] = arrived;
    const [from, to] = this.#measured;
    if (seq >= from && seq < to) {
      const bucket = Math.min(BUCKETS - 1, Math.floor((now - (this.#publishedAt[seq] ?? now)) / BUCKET_MS));
      this.#histogram[bucket] = (this.#histogram[bucket] ?? 0) + 1;
    }
    if (arrived < this.#options.subscribers) return;
    if (this.#saturated) this.#publish();
  }
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

// The caller writes the options; see `stream.ts`.
const figures = await new Load(JSON.parse(process.argv[2] ?? "{}") as LoadOptions).run();
say({ figures });
process.exit(0);
