import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CLEARANCE_FIELDS, CLEARANCE_TTL_MS, DISPATCH_BLOCKS, ERRORS, contentId, sessionIdOf } from "@factory/schemas";
import type { Clearance } from "@factory/schemas";
import { aClearance } from "../../../../scripts/testing/clearances.ts";
import { aDirective, aSeed } from "../testing/builders.ts";
import { CLEARANCE_SKEW_MS, dispatchBlock, readStanding, staleFrom, uncontractedTools } from "./dispatch-gate.ts";
import type { GateSubject, RunFacts, StoredClearance } from "./dispatch-gate.ts";

const NOW = Date.parse("2026-06-01T12:00:00Z");
const SEED = aSeed({ name: "gate", beads: [{ key: "total" }] });
const FACTS: RunFacts = { beads: SEED.beads.length, teams: new Set(["build"]), research: [] };

function aSubject(fields: Partial<GateSubject> = {}): GateSubject {
  const { sessionId, runId, assembly, beads } = SEED;
  const known = new Set(beads.map(({ beadId }) => beadId));
  return { sessionId, runId, assembly, isOwn: true, firstStranger: (ids) => ids.find((id) => !known.has(id)) ?? null, ...fields };
}

/** What the gate says of a stored text. */
function blockOf(body: string | null, { facts = FACTS, subject = aSubject(), now = NOW, reason = null as string | null } = {}) {
  return dispatchBlock(readStanding(subject, { body, reason }), facts, now);
}

const sound = (fields: Partial<Clearance> = {}): Clearance => aClearance(SEED, NOW, fields);
const otherId = <P extends "BEAD" | "CLE">(prefix: P) => contentId(prefix, { kind: "Other", org: "acme", content: {}, parents: [] });

test("a clearance of the run that is whole, fresh and large enough opens the gate", () => {
  expect(blockOf(JSON.stringify(sound()))).toBeNull();
});

test("there are thirteen fields, and each that is missing is named, whether it is absent or says nothing", () => {
  expect(CLEARANCE_FIELDS).toHaveLength(13);
  for (const field of CLEARANCE_FIELDS) {
    const { [field]: _gone, ...rest } = { ...sound() } as Record<string, unknown>;
    for (const lacking of [rest, { ...rest, [field]: null }, { ...rest, [field]: "" }, { ...rest, [field]: [] }]) {
      const blocked = blockOf(JSON.stringify(lacking));
      expect(blocked).toMatchObject({ code: "DISPATCH_MISSING_FIELD", clearanceId: field === "clearanceId" ? null : sound().clearanceId });
      expect(blocked?.message).toContain(`lacks ${field}.`);
    }
  }
  expect(blockOf("{}")?.message).toContain(CLEARANCE_FIELDS.join(", "));
});

test("a run without a session, or in an object of another name, is cleared by nothing", () => {
  const body = JSON.stringify(sound());
  for (const subject of [aSubject({ sessionId: "" }), aSubject({ sessionId: "WO-1" }), aSubject({ isOwn: false })]) {
    expect(blockOf(body, { subject })).toMatchObject({ code: "DISPATCH_NO_SESSION" });
  }
});

test("a run without a clearance says why it has none", () => {
  expect(blockOf(null)).toMatchObject({ code: "DISPATCH_NO_CLEARANCE", clearanceId: null, ceiling: null });
  expect(blockOf(null, { reason: "force-suspend by ann and bob" })?.message).toContain("taken away: force-suspend by ann and bob.");
});

test("a clearance counts for four hours to the millisecond", () => {
  const body = JSON.stringify(sound());
  expect(blockOf(body, { now: NOW + CLEARANCE_TTL_MS })).toBeNull();
  expect(blockOf(body, { now: staleFrom(NOW) })).toMatchObject({ code: "DISPATCH_STALE_CLEARANCE", clearanceId: sound().clearanceId });
  expect(blockOf(body, { now: staleFrom(NOW) - 1 })).toBeNull();
});

test("a clearance from the future is malformed, unless it is ahead by no more than clocks differ", () => {
  expect(blockOf(JSON.stringify(sound()), { now: NOW - CLEARANCE_SKEW_MS })).toBeNull();
  expect(blockOf(JSON.stringify(sound()), { now: NOW - CLEARANCE_SKEW_MS - 1 })).toMatchObject({ code: "DISPATCH_MALFORMED" });
});

test("a clearance covers two beads more than were asked for and no third", () => {
  const body = JSON.stringify(sound({ askedFor: 3 }));
  expect(blockOf(body, { facts: { ...FACTS, beads: 5 } })).toBeNull();
  const blocked = blockOf(body, { facts: { ...FACTS, beads: 6 } });
  expect(blocked).toMatchObject({ code: "DISPATCH_CEILING_EXCEEDED", ceiling: 5 });
  expect(blocked?.message).toContain("6 beads; 3 were asked for and its clearance covers 5");
});

describe("research", () => {
  const research = [{ beadId: SEED.beads[0]?.beadId ?? "", uncontracted: [] as readonly string[] }];

  test("with a schema for every tool goes on under a clearance that asks for one", () => {
    expect(blockOf(JSON.stringify(sound({ toolContractRequired: true })), { facts: { ...FACTS, research } })).toBeNull();
  });

  test("under a clearance that asks for none is malformed", () => {
    expect(blockOf(JSON.stringify(sound({ toolContractRequired: false })), { facts: { ...FACTS, research } })).toMatchObject({ code: "DISPATCH_MALFORMED" });
  });

  test.each([true, false])("that may call a tool without a schema is blocked, whether a contract is asked for (%s) or not", (toolContractRequired) => {
    const facts = { ...FACTS, research: [...research, { beadId: "BEAD-X", uncontracted: ["read_file"] }] };
    const blocked = blockOf(JSON.stringify(sound({ toolContractRequired })), { facts });
    expect(blocked).toMatchObject({ code: "DISPATCH_NO_TOOL_CONTRACT" });
    expect(blocked?.message).toContain("BEAD-X only reads and may call read_file without a schema.");
  });

  test("has a contract for a tool whose schema says something of its parameters", () => {
    const schema = (name: string, parameters: Record<string, string>) => ({ name, description: "", parameters });
    const directive = aDirective(SEED.beads[0]?.directive.runId ?? ("RUN-" as never), "r", "coder", {
      toolPolicy: { permitted: ["read_file", "list_files", "search_files"] },
      toolSchemas: [schema("read_file", { type: "object" }), schema("list_files", {})],
    });
    expect(uncontractedTools(directive)).toEqual(["list_files", "search_files"]);
  });
});

test.each<[string, string | Partial<Record<keyof Clearance, unknown>>, string]>([
  ["is no JSON", "{", "no JSON object"],
  ["is a list", "[]", "no JSON object"],
  ["is a text", '"clear"', "no JSON object"],
  ["has a field more", { extra: true } as never, "cannot be read"],
  ["has a field of another type", { askedFor: "3" }, "askedFor"],
  ["is dated by no date", { timestamp: "yesterday" }, "timestamp"],
  ["is of another session", { sessionId: sessionIdOf("acme", "WO-1", "other") }, "for the session SES-"],
  ["is of another assembly", { assembly: "payroll" }, "for the assembly payroll"],
  ["names a bead of another run", { approvedSubTasks: [otherId("BEAD")] }, "no bead of the run"],
  ["has a ceiling of its own", { ceiling: 100 }, "has the ceiling 100; for 3 items it is 5"],
  ["is for another surface", { orchestrationSurface: "spreadsheet" }, "for the surface spreadsheet"],
  ["names no team that the run has", { approvedTeams: ["others"] }, "beads of the team build"],
  ["has an id that is none", { clearanceId: "CLE-1" }, "clearanceId"],
])("a clearance that %s is malformed", (_, body, message) => {
  const blocked = blockOf(typeof body === "string" ? body : JSON.stringify({ ...sound(), ...body }));
  expect(blocked).toMatchObject({ code: "DISPATCH_MALFORMED" });
  expect(blocked?.message).toContain(message);
});

test("every block says what to do about it", () => {
  const bodies = [null, "{", "{}", JSON.stringify(sound())];
  const blocks = [
    ...bodies.map((body) => blockOf(body, { now: staleFrom(NOW) })),
    blockOf(JSON.stringify(sound()), { facts: { ...FACTS, beads: 6 } }),
    blockOf(JSON.stringify(sound()), { facts: { ...FACTS, research: [{ beadId: "b", uncontracted: ["x"] }] } }),
    blockOf(null, { subject: aSubject({ isOwn: false }) }),
  ];
  expect(new Set(blocks.map((blocked) => blocked?.code))).toEqual(new Set(DISPATCH_BLOCKS));
  for (const blocked of blocks) if (blocked !== null) expect(blocked.message.endsWith(ERRORS[blocked.code].suggestion)).toBe(true);
});

describe("whatever is stored", () => {
  const anything = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.json().map((text) => `{"clearanceId":${text},"__proto__":${text}}`),
    // Sound ones with one or more fields that say something else.
    fc
      .dictionary(fc.constantFrom(...CLEARANCE_FIELDS, "extra", "__proto__", "constructor"), fc.jsonValue(), { minKeys: 1 })
      .map((fields) => JSON.stringify({ ...sound(), ...fields })),
    fc.integer({ min: 0, max: 600 }).map((at) => JSON.stringify(sound()).slice(0, at)),
  );

  test("the gate never throws, and opens for nothing that is not a sound clearance", () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 0, max: 20 }), (body, beads) => {
        const stored: StoredClearance = { body, reason: null };
        const facts = { ...FACTS, beads };
        const blocked = dispatchBlock(readStanding(aSubject(), stored), facts, NOW);
        if (blocked !== null) {
          expect(DISPATCH_BLOCKS).toContain(blocked.code);
          expect(blocked.message.length).toBeLessThan(1_000);
          return;
        }
        // It opened: then every field says what the run is, by rules written anew here.
        const read = JSON.parse(body) as Clearance;
        expect(Object.keys(read).sort()).toEqual([...CLEARANCE_FIELDS].sort());
        expect(read).toMatchObject({
          sessionId: SEED.sessionId,
          assembly: SEED.assembly,
          orchestrationSurface: "factory-coordinator",
          ceiling: read.askedFor + 2,
        });
        expect(beads).toBeLessThanOrEqual(read.ceiling);
        expect(read.approvedTeams).toContain("build");
        expect(SEED.beads.map(({ beadId }) => beadId)).toEqual(expect.arrayContaining(read.approvedSubTasks));
        expect(Math.abs(Date.parse(read.timestamp) - NOW)).toBeLessThanOrEqual(CLEARANCE_TTL_MS);
      }),
      { numRuns: 3_000 },
    );
  });

  test("a text nested deeper than any stack is malformed", () => {
    expect(blockOf("[".repeat(200_000))).toMatchObject({ code: "DISPATCH_MALFORMED" });
    expect(blockOf(`{"timestamp":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)?.code).toBe("DISPATCH_MISSING_FIELD");
  });
});
