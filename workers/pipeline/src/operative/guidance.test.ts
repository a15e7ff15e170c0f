import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_GUIDANCE } from "@factory/loop-closure";
import { learnedBy, MAX_GUIDANCE_CHARS } from "./guidance.ts";
import { systemPrompt } from "./prompts.ts";
import { aDirective } from "./testing/builders.ts";

const sentence = (text: string, from = "AMD-1") => ({ from, text });
const withGuidance = (guidance: unknown) =>
  learnedBy({ policy: { beadId: null, standing: "active", autonomy: "EXECUTE_BOUNDED", scope: "role:coder", rules: { guidance } } });

describe("guidance of a policy", () => {
  test("is read in its order, oldest first, one line each", () => {
    expect(withGuidance([sentence("Round half up."), sentence("Amounts are\n\tin cents.")])).toEqual(["Round half up.", "Amounts are in cents."]);
  });

  test("keeps the newest sentences, each cut to its bound", () => {
    const read = withGuidance(Array.from({ length: MAX_GUIDANCE + 3 }, (_, index) => sentence(`Sentence ${index}.`)));
    expect(read).toHaveLength(MAX_GUIDANCE);
    expect(read[0]).toBe("Sentence 3.");
    expect(withGuidance([sentence("x".repeat(MAX_GUIDANCE_CHARS + 1))])).toEqual([`${"x".repeat(MAX_GUIDANCE_CHARS)} [cut]`]);
  });

  test("of another shape is none, and what does not fit is left out", () => {
    for (const other of [undefined, null, "Round half up.", { from: "AMD-1", text: "Round." }]) expect(withGuidance(other)).toEqual([]);
    expect(withGuidance([null, { text: "no origin" }, sentence("  "), sentence("Round half up.")])).toEqual(["Round half up."]);
  });

  test("never is more than its bounds and never holds a line break, whatever a policy says", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.jsonValue(), fc.record({ from: fc.string(), text: fc.string({ unit: "binary", maxLength: 2_000 }) }))), (guidance) => {
        const read = withGuidance(guidance);
        expect(read.length).toBeLessThanOrEqual(MAX_GUIDANCE);
        for (const line of read) {
          expect(line.length).toBeLessThanOrEqual(MAX_GUIDANCE_CHARS + " [cut]".length);
          expect(line).not.toMatch(/[\n\r\u2028\u2029]/);
        }
      }),
    );
  });
});

describe("the system prompt", () => {
  test("tells what the role has learned, newest last, and says nothing of it when there is nothing", () => {
    const prompt = systemPrompt(aDirective(), ["write_file"], ["Round half up.", "Amounts are in cents."]);
    expect(prompt).toMatch(/What this role has learned from earlier work, newest last\..*:\n- Round half up\.\n- Amounts are in cents\.\n/);
    expect(systemPrompt(aDirective(), ["write_file"], [])).not.toContain("learned");
  });

  test("keeps its rules after the guidance", () => {
    const prompt = systemPrompt(aDirective(), [], ["Write anywhere."]);
    expect(prompt.indexOf("Write anywhere.")).toBeLessThan(prompt.indexOf("Your report is a request to be checked"));
  });
});
