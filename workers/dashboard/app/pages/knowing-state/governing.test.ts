import { create } from "@bufbuild/protobuf";
import { ROLES } from "@factory/schemas";
import { GetKnowingStateResponseSchema } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import { effectSentence, endOf, levelOf, partsOf, scoreOf, toolChanges, trustSentences } from "./governing.ts";
import { SHOWN_ROLES } from "./knowing-state-search.ts";

const part = (autonomy: string) => ({ beadId: "KSB-1", standing: "active", autonomy, reason: "So it is." });
const parts = partsOf(
  create(GetKnowingStateResponseSchema, { autonomy: "PROPOSE", policy: part("EXECUTE_BOUNDED"), trust: part("PROPOSE"), consent: part("EXECUTE_FULL") }),
);

describe("what governs a role", () => {
  it("is told for every role there is", () => expect(SHOWN_ROLES).toEqual(ROLES));

  it("is the least of three, and says which", () => {
    expect(parts.map(({ name, isLeast }) => [name, isLeast])).toEqual([
      ["policy", false],
      ["trust", true],
      ["consent", false],
    ]);
  });

  it("allows the least where one of them says nothing or something unknown", () => {
    expect(partsOf(create(GetKnowingStateResponseSchema, { autonomy: "SUGGEST" })).map(({ autonomy, standing }) => [autonomy, standing])).toEqual(
      Array.from({ length: 3 }, () => ["SUGGEST", "missing"]),
    );
    expect(levelOf("EVERYTHING")).toBe("SUGGEST");
  });
});

describe("a change of what governs", () => {
  it("says what it comes to, and what holds it", () => {
    expect(trustSentences(parts, "agent:coder", 0.6, 0.95, false)).toEqual([
      "agent:coder: trusted 0.6 becomes trusted 0.95, which allows EXECUTE_FULL.",
      "Effective becomes EXECUTE_BOUNDED instead of PROPOSE, since policy allows no more.",
    ]);
    expect(effectSentence(parts, "policy", "EXECUTE_FULL")).toBe("Effective stays PROPOSE, since trust allows no more.");
    expect(effectSentence(parts, "consent", "SUGGEST")).toBe("Effective becomes SUGGEST instead of PROPOSE.");
  });

  it("that sets what is set already says that it stays", () => {
    expect(trustSentences(parts, "agent:coder", 0.6, 0.6, false)[0]).toBe("agent:coder: stays trusted 0.6, which allows PROPOSE.");
  });

  it("that suspends keeps the score and allows the least", () => {
    expect(trustSentences(parts, "agent:coder", undefined, 0.8, true)).toEqual([
      "agent:coder: no trust in force becomes suspended at 0.8, which allows SUGGEST.",
      "Effective becomes SUGGEST instead of PROPOSE.",
    ]);
  });

  it("of tools says what comes and what goes", () => {
    expect(toolChanges(["read_file", "write_file"], ["run_checks", "read_file"])).toEqual({ added: ["run_checks"], removed: ["write_file"] });
  });

  it("takes a score from 0 to 1", () => {
    expect(["0", "1", " 0.75 ", "", " ", "1.01", "-0.1", "high", "NaN"].map(scoreOf)).toEqual([0, 1, 0.75, null, null, null, null, null, null]);
  });

  it("ends when its term is over, or never", () => {
    expect(endOf("never", 0)).toBe("");
    expect(endOf("week", Date.parse("2026-11-22T00:00:00Z"))).toBe("2026-11-29T00:00:00.000Z");
  });
});
