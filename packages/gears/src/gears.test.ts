import { FactoryError, ROLES } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { GEARS, gearId, gearProblems, permittedTools, requireSoundGears } from "./gears.ts";
import type { GearConfiguration } from "./gears.ts";
import { defaultGrants } from "./knowing-state.ts";
import { checkGears } from "./self-check.ts";
import { TOOL_NAMES } from "./tools.ts";

const shipped = (): GearConfiguration => ({ gears: GEARS, roles: ROLES, tools: TOOL_NAMES, grants: defaultGrants() });

describe("the self-check of gears", () => {
  test("finds nothing wrong with what ships", () => {
    expect(gearProblems(shipped())).toEqual([]);
    expect(() => checkGears()).not.toThrow();
  });

  test("hazard: role lacks permission for its own job - is named before anything starts, for every role and every tool it needs", () => {
    for (const role of ROLES) {
      for (const needed of GEARS[role].needs) {
        const broken = { ...GEARS[role], tools: GEARS[role].tools.filter((name) => name !== needed) };
        expect(gearProblems({ ...shipped(), gears: { ...GEARS, [role]: broken } })).toEqual([
          `The role ${role} needs ${needed} and its gear does not permit it.`,
        ]);
      }
    }
  });

  test("names a tool that is permitted and not registered", () => {
    expect(gearProblems({ ...shipped(), tools: TOOL_NAMES.filter((name) => name !== "search_files") })).toEqual([
      "The gear of coder permits search_files, which is not in the tool registry.",
      "The gear of integrator permits search_files, which is not in the tool registry.",
    ]);
  });

  test("names a tool that the default consent does not grant", () => {
    expect(gearProblems({ ...shipped(), grants: { ...defaultGrants(), coder: ["read_file"] } })).toHaveLength(GEARS.coder.tools.length - 1);
  });

  test("names a role without a gear and a gear made for another role", () => {
    expect(gearProblems({ ...shipped(), roles: ["planner", "coder"] })).toEqual(["The role planner has no gear."]);
    expect(gearProblems({ ...shipped(), gears: { ...GEARS, coder: GEARS.integrator } })).toContain("The gear of coder is made for integrator.");
  });

  test("refuses to start with every problem in the error", () => {
    const broken = { ...shipped(), tools: [] };
    expect(() => requireSoundGears(broken)).toThrow(FactoryError);
    expect(() => requireSoundGears(broken)).toThrow(/read_file.*ask_clarification/s);
  });
});

describe("gears", () => {
  test("keep the verifier without tools", () => {
    expect(permittedTools(GEARS["verifier:outcome"])).toEqual([]);
  });

  test("give a role no tool that the registry does not have", () => {
    expect(permittedTools({ tools: ["read_file", "shell", "toString"] })).toEqual(["read_file"]);
  });

  test("have one id for one content and org, and another when either differs", () => {
    const id = gearId("acme", GEARS.coder);
    expect(gearId("acme", { ...GEARS.coder })).toBe(id);
    expect(gearId("other", GEARS.coder)).not.toBe(id);
    expect(gearId("acme", { ...GEARS.coder, tools: ["read_file"] })).not.toBe(id);
  });
});
