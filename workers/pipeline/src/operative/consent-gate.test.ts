import { digestOf, refuse } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { ConsentGate } from "./consent-gate.ts";
import type { ConsentRecord } from "./operative-store.ts";

const HEADS = "a".repeat(64);

const granted = async (): Promise<Result> => ({ ok: true });

/** A gate whose steps are written down in order. */
function aGate(overrides: { readonly consented?: (action: string) => Promise<Result>; readonly write?: () => void } = {}) {
  const steps: string[] = [];
  const records: ConsentRecord[] = [];
  const gate = new ConsentGate(
    {
      consented: async (action) => {
        steps.push(`consent ${action}`);
        return (overrides.consented ?? granted)(action);
      },
      write: (record) => {
        steps.push("write");
        overrides.write?.();
        records.push(record);
      },
    },
    { runId: "RUN-1", beadId: "BEAD-1", epoch: 3, headsDigest: HEADS, permitted: ["read_file"] },
  );
  return { gate, steps, records };
}

describe("the consent gate", () => {
  test("asks for consent, writes the record, then lets the call pass", async () => {
    const { gate, steps, records } = aGate();
    expect(await gate.authorise("read_file", { path: "a" })).toEqual({ ok: true });
    expect(steps).toEqual(["consent read_file", "write"]);
    expect(records).toEqual([
      {
        runId: "RUN-1",
        beadId: "BEAD-1",
        toolName: "read_file",
        inputHash: digestOf({ path: "a" }),
        verdict: "granted",
        permittedTools: ["read_file"],
        epoch: 3,
        headsDigest: HEADS,
      },
    ]);
  });

  test("stops the attempt as stale when the heads have moved, and leaves no record", async () => {
    const { gate, records } = aGate({ consented: async () => refuse("STALE_TARGET", "it moved") });
    expect(await gate.authorise("read_file", {})).toMatchObject({ ok: false, stop: { kind: "stale" } });
    expect(records).toEqual([]);
    expect(gate.denials).toEqual([]);
  });

  test.each([
    ["fails", () => Promise.reject(new Error("unreachable"))],
    ["is not answered", async () => refuse("UNAVAILABLE", "unreachable")],
    ["is asked of a session that is closed", async () => refuse("FAILED_PRECONDITION", "unreachable")],
  ])("stops the attempt as broken when the question %s, and leaves no record", async (_how, consented) => {
    const { gate, records } = aGate({ consented });
    expect(await gate.authorise("read_file", {})).toMatchObject({ ok: false, stop: { kind: "broken", message: expect.stringContaining("unreachable") } });
    expect(records).toEqual([]);
  });

  test("asks before each call, so that a revocation between two calls stops the second one", async () => {
    let answer: Result = { ok: true };
    const { gate, steps } = aGate({ consented: async () => answer });
    expect((await gate.authorise("read_file", {})).ok).toBe(true);
    answer = refuse("STALE_TARGET", "it moved");
    expect(await gate.authorise("read_file", {})).toMatchObject({ ok: false, stop: { kind: "stale" } });
    expect(steps).toEqual(["consent read_file", "write", "consent read_file"]);
  });

  test("denies what is not consented to, with a record and the reason", async () => {
    const { gate, records } = aGate({ consented: async () => refuse("GOVERNANCE_VIOLATION", "not granted") });
    expect(await gate.authorise("read_file", {})).toMatchObject({ ok: false, stop: { kind: "denied", message: "not granted" } });
    expect(records).toMatchObject([{ toolName: "read_file", verdict: "denied" }]);
    expect(gate.denials).toMatchObject([{ reason: "not granted" }]);
  });

  test("denies what the directive does not permit, though it is consented to, with a record and a denial for the log", async () => {
    const { gate, records } = aGate();
    expect(await gate.authorise("write_file", {})).toMatchObject({ ok: false, stop: { kind: "denied" } });
    expect(records).toMatchObject([{ toolName: "write_file", verdict: "denied" }]);
    expect(gate.denials).toMatchObject([{ toolName: "write_file", permittedTools: ["read_file"], epoch: 3 }]);
  });

  test("denies a permitted call whose record cannot be written", async () => {
    const { gate, records } = aGate({
      write: () => {
        throw new Error("disk is full");
      },
    });
    expect(await gate.authorise("read_file", {})).toMatchObject({ ok: false, stop: { kind: "denied", message: expect.stringContaining("disk is full") } });
    expect(records).toEqual([]);
    expect(gate.denials).toMatchObject([{ reason: expect.stringContaining("disk is full") }]);
  });

  test("denies a call whose input has no digest", async () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const { gate, records } = aGate();
    expect(await gate.authorise("read_file", cycle)).toMatchObject({ ok: false, stop: { kind: "denied" } });
    expect(records).toEqual([]);
  });
});
