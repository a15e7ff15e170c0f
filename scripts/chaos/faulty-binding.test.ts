import { describe, expect, it } from "vitest";
import faultyBinding from "./faulty-binding.ts";
import type { BindingKind, Fault } from "./faults.ts";

type Made = { readonly [method: string]: (...args: unknown[]) => unknown };

/** A binding of a kind around a real one, whose calls meet the given faults in turn. */
function binding(kind: BindingKind, real: object, faults: readonly (Fault | null)[]): Made {
  const left = [...faults];
  const decisions = { fetch: async () => ({ json: async () => left.shift() ?? null }) };
  return faultyBinding({ kind, site: "worker.X", real, decisions }) as Made;
}

describe("a store", () => {
  const store = () => {
    const held = new Map<unknown, unknown>();
    return { held, put: async (key: unknown, value: unknown) => void held.set(key, value), get: async (key: unknown) => held.get(key) ?? null };
  };

  it("passes a call on when nothing is to happen to it", async () => {
    const real = store();
    const made = binding("r2", real, []);
    await made["put"]?.("a", 1);
    await expect(made["get"]?.("a")).resolves.toBe(1);
  });

  it("does nothing when it fails, and has done it when only the answer is lost", async () => {
    const real = store();
    const made = binding("kv", real, [{ kind: "fail" }, { kind: "lose" }]);
    await expect(made["put"]?.("a", 1)).rejects.toThrow("KV put failed");
    await expect(made["put"]?.("b", 2)).rejects.toThrow("KV put failed");
    expect(real.held).toEqual(new Map([["b", 2]]));
  });
});

describe("a queue", () => {
  const queue = () => {
    const sent: unknown[][] = [];
    return { sent, sendBatch: async (messages: unknown[]) => void sent.push(messages) };
  };

  it("sends each message twice, the last first, and the second copy late", async () => {
    const real = queue();
    await binding("queue", real, [{ kind: "scatter", ms: 1_500 }])["sendBatch"]?.([{ body: 1 }, { body: 2 }]);
    expect(real.sent).toEqual([
      [{ body: 2 }, { body: 1 }],
      [
        { body: 1, delaySeconds: 2 },
        { body: 2, delaySeconds: 2 },
      ],
    ]);
  });

  it("sends nothing when it fails, and one message alone like a batch of one", async () => {
    const real = queue();
    const made = binding("queue", real, [{ kind: "fail" }]);
    await expect(made["send"]?.("x")).rejects.toThrow("Queue send failed");
    await made["send"]?.("y");
    expect(real.sent).toEqual([[{ body: "y" }]]);
  });
});

describe("a database", () => {
  const database = () => {
    const ran: string[] = [];
    const statement = (text: string): object => ({
      bind: (...values: unknown[]) => statement(`${text} ${values.join()}`),
      run: async () => void ran.push(text),
      text,
    });
    return { ran, prepare: statement, batch: async (statements: readonly { readonly text: string }[]) => void ran.push(...statements.map(({ text }) => text)) };
  };
  const prepared = (made: Made, text: string): Made => made["prepare"]?.(text) as Made;

  it("fails where a statement runs, not where it is prepared", async () => {
    const real = database();
    const made = binding("d1", real, [{ kind: "fail" }]);
    const bound = prepared(made, "INSERT")["bind"]?.(1) as Made;
    await expect(bound["run"]?.()).rejects.toThrow("D1_ERROR");
    await bound["run"]?.();
    expect(real.ran).toEqual(["INSERT 1"]);
  });

  it("hands the real statements to a batch", async () => {
    const real = database();
    const made = binding("d1", real, []);
    await made["batch"]?.([prepared(made, "A"), prepared(made, "B")["bind"]?.(2)]);
    expect(real.ran).toEqual(["A", "B 2"]);
  });
});
