/**
 * A binding that fails, delays, loses answers, duplicates and reorders as it is told, and else is the real one. It runs
 * inside of workerd as a wrapped binding of Miniflare; what is told comes from the driver, which outlives every kill.
 */
import type { BindingKind, Fault } from "./faults.ts";

/** What the wrapped binding is made of. */
type Inner = {
  readonly kind: BindingKind;
  /** The Worker and the name of the binding. */
  readonly site: string;
  /** The real binding. */
  readonly real: object;
  /** The driver. */
  readonly decisions: { fetch(url: string): Promise<{ json(): Promise<unknown> }> };
};

type Method = (...args: unknown[]) => unknown;
type Decide = (operation: string) => Promise<Fault | null>;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes the binding that the Worker finds in its environment. */
export default function faultyBinding({ kind, site, real, decisions }: Inner): object {
  const decide: Decide = async (operation) => {
    const answer = await decisions.fetch(`http://chaos/decide?kind=${kind}&site=${encodeURIComponent(site)}&operation=${operation}`);
    // The driver writes these words with the types of the same module.
    return (await answer.json()) as Fault | null;
  };
  switch (kind) {
    case "queue":
      return faultyQueue(real as Producer, decide);
    case "d1":
      return faultyDatabase(real as Database, decide);
    case "r2":
    case "kv":
      return faultyStore(real, decide, kind === "r2" ? "R2" : "KV");
    default:
      return kind satisfies never;
  }
}

/** One call under a decision. The errors are worded as the platform's own. */
async function under<T>(decide: Decide, operation: string, failure: string, call: () => Promise<T>): Promise<T> {
  const fault = await decide(operation);
  if (fault?.kind === "fail") throw new Error(failure);
  if (fault?.kind === "delay") await pause(fault.ms);
  const answer = await call();
  if (fault?.kind === "lose") throw new Error(failure);
  return answer;
}

/** A bucket or a namespace: every method is one call to the service. */
function faultyStore(real: object, decide: Decide, name: string): object {
  return new Proxy(real, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== "function") return value;
      const method = value as Method;
      const operation = String(property);
      return (...args: unknown[]) =>
        under(decide, operation, `${name} ${operation} failed: internal error. Please try again.`, async () => Reflect.apply(method, target, args));
    },
  });
}

type Statement = { bind(...values: unknown[]): Statement; first: Method; run: Method; all: Method; raw: Method };
type Database = { prepare(query: string): Statement; batch(statements: readonly Statement[]): Promise<unknown>; exec: Method };

const D1_FAILURE = "D1_ERROR: Network connection lost.";

/** A database: preparing and binding are local, running is a call. */
function faultyDatabase(real: Database, decide: Decide): object {
  // A batch needs the statements the real database made.
  const realOf = new WeakMap<object, Statement>();
  const run = (operation: string, call: () => unknown): Promise<unknown> => under(decide, operation, D1_FAILURE, async () => call());
  const statement = (inner: Statement): Statement => {
    const outer: Statement = {
      bind: (...values) => statement(inner.bind(...values)),
      first: (...args) => run("first", () => inner.first(...args)),
      run: (...args) => run("run", () => inner.run(...args)),
      all: (...args) => run("all", () => inner.all(...args)),
      raw: (...args) => run("raw", () => inner.raw(...args)),
    };
    realOf.set(outer, inner);
    return outer;
  };
  return {
    prepare: (query: string) => statement(real.prepare(query)),
    batch: (statements: readonly Statement[]) => run("batch", () => real.batch(statements.map((one) => realOf.get(one) ?? one))),
    exec: (...args: unknown[]) => run("exec", () => real.exec(...args)),
  };
}

type SendOptions = { readonly contentType?: string; readonly delaySeconds?: number };
type QueueMessage = SendOptions & { readonly body: unknown };
type Producer = { sendBatch(messages: readonly QueueMessage[], options?: SendOptions): Promise<unknown> };

/** A queue: what is sent comes late, twice or in another order, or cannot be sent. */
function faultyQueue(real: Producer, decide: Decide): object {
  const send = async (messages: readonly QueueMessage[], options?: SendOptions): Promise<unknown> => {
    const fault = await decide("send");
    switch (fault?.kind) {
      case undefined:
        return real.sendBatch(messages, options);
      case "fail":
        throw new Error("Queue send failed: Internal Server Error");
      case "lose":
        await real.sendBatch(messages, options);
        throw new Error("Queue send failed: Internal Server Error");
      case "delay":
        return real.sendBatch(
          messages.map((message) => later(message, fault.ms)),
          options,
        );
      case "scatter":
        await real.sendBatch(messages.toReversed(), options);
        return real.sendBatch(
          messages.map((message) => later(message, fault.ms)),
          options,
        );
      default:
        return fault satisfies never;
    }
  };
  return {
    send: (body: unknown, options?: SendOptions) => send([{ body, ...options }]),
    sendBatch: (messages: Iterable<QueueMessage>, options?: SendOptions) => send([...messages], options),
  };
}

/** Queues count delays in whole seconds. */
function later(message: QueueMessage, ms: number): QueueMessage {
  return { ...message, delaySeconds: (message.delaySeconds ?? 0) + Math.ceil(ms / 1000) };
}
