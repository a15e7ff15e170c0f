import { describe, expect, it } from "vitest";
import { EMPTY_TABLE, type Fingerprint } from "../../testing/state-fingerprint.ts";
import { refused, TAKEN } from "./answers.ts";
import { faultsOf, unexplained, type CaseResult } from "./run-case.ts";
import { EMPTY_SESSION, reply } from "./traces.ts";

const SESSION = "do/factory-commissioning-CommissioningAgentDO/00ff.sqlite";
const BRIDGE = "do/factory-linear-bridge-DispositionDO/00ff.sqlite";
const fingerprint = (tables: { readonly [table: string]: string }): Fingerprint => new Map(Object.entries(tables));

const QUIET: CaseResult = { answer: refused("NOT_FOUND"), moved: [], changed: [], said: [] };

describe("a case", () => {
  it("has no fault where it is answered as expected and leaves nothing", () => {
    expect(faultsOf({ expected: refused("NOT_FOUND") }, QUIET)).toEqual([]);
  });

  it("fails for another code, also where the protocol says the same, and for a call that was taken", () => {
    expect(faultsOf({ expected: refused("REVIEW_CLOSED") }, { ...QUIET, answer: refused("ACTION_DIGEST_MISMATCH") })).toHaveLength(1);
    expect(faultsOf({ expected: refused("NOT_FOUND") }, { ...QUIET, answer: TAKEN })).toEqual(["answered ok OK, not not_found NOT_FOUND"]);
  });

  it("fails for a table that moved, and for anything that was done or said in Linear", () => {
    const result = { ...QUIET, moved: ["a#b"], changed: ["issueUpdate"], said: ["Hello."] };
    expect(faultsOf({ expected: refused("NOT_FOUND") }, result)).toEqual(["moved: a#b", "changed in Linear: issueUpdate", "said in Linear: Hello."]);
  });

  it("that has a reply fails without it, with another one, with two, and with anything besides", () => {
    const expectation = { expected: refused("NOT_FOUND"), leaves: reply(/No\./) };
    const replied = { ...QUIET, changed: ["commentCreate"], said: ["No."] };
    expect(faultsOf(expectation, replied)).toEqual([]);
    expect(faultsOf(expectation, QUIET)).toHaveLength(2);
    expect(faultsOf(expectation, { ...replied, said: ["Yes."] })).toHaveLength(1);
    expect(faultsOf(expectation, { ...replied, changed: ["commentCreate", "commentCreate"], said: ["No.", "No."] })).toHaveLength(2);
    expect(faultsOf(expectation, { ...replied, changed: ["commentCreate", "issueUpdate"] })).toHaveLength(1);
  });
});

describe("what moved", () => {
  const before = fingerprint({ [`${SESSION}#session`]: "1", [`${SESSION}#scheduler_timers`]: "1" });

  it("is every table that is not the same, came or went, but timers and effects that have arrived", () => {
    const after = fingerprint({
      [`${SESSION}#session`]: "2",
      [`${SESSION}#scheduler_timers`]: "2",
      [`${SESSION}#outbox_effects`]: "2",
      "kv/x.sqlite#_mf_entries/a": "1",
    });
    expect(unexplained(before, after)).toEqual([`${SESSION}#session`, "kv/x.sqlite#_mf_entries/a"]);
    expect(unexplained(before, fingerprint({}))).toEqual([`${SESSION}#session`]);
  });

  it("is an effect that was added, whether or not it has arrived", () => {
    expect(unexplained(before, new Map([...before, [`${SESSION}#sqlite_sequence/outbox_effects`, "1"]]))).toHaveLength(1);
  });

  it("is not what a case may leave, and is every other table of the same object", () => {
    const after = new Map([...before, [`${BRIDGE}#comments`, "1"], [`${BRIDGE}#decisions`, "1"]]);
    expect(unexplained(before, after, reply(/No\./))).toEqual([`${BRIDGE}#decisions`]);
  });

  it("is not an object without rows where one may be made, but any row in it, and one of another class", () => {
    const made = "do/factory-commissioning-CommissioningAgentDO/0aaa.sqlite";
    const empty = new Map([...before, [`${made}#session`, EMPTY_TABLE], [`${made}#durable_migrations`, "1"]]);
    expect(unexplained(before, empty, EMPTY_SESSION)).toEqual([]);
    expect(unexplained(before, empty)).toHaveLength(2);
    expect(unexplained(before, new Map([...empty, [`${made}#session`, "1"]]), EMPTY_SESSION)).toEqual([`${made}#session`]);
    expect(unexplained(before, new Map([...before, [`${BRIDGE}#session`, EMPTY_TABLE]]), EMPTY_SESSION)).toHaveLength(1);
    // Rows of an object that was there before are never those of an empty one.
    expect(unexplained(before, new Map([...before, [`${SESSION}#session`, EMPTY_TABLE]]), EMPTY_SESSION)).toHaveLength(1);
  });
});
