import { FactoryError } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createPlanner } from "./planner.ts";
import { scriptedModel } from "./testing/scripted-model.ts";

const QUESTION = { purpose: "count", system: "Count.", prompt: "How many?", schema: z.strictObject({ n: z.number() }), signal: new AbortController().signal };

describe("the planner", () => {
  test("gives the value with the calls that were made for it", async () => {
    const answer = await createPlanner(() => scriptedModel(() => '{"n":3}'))(QUESTION);
    expect(answer).toMatchObject({ ok: true, value: { n: 3 }, repaired: false, modelId: "scripted", calls: [{ purpose: "count", outcome: "stop" }] });
  });

  test("answers MODEL_CONFIG without a call when no model is configured", async () => {
    const planner = createPlanner(() => {
      throw new FactoryError("MODEL_CONFIG", "set MODEL_BASE_URL");
    });
    expect(await planner(QUESTION)).toEqual({ ok: false, code: "MODEL_CONFIG", message: "set MODEL_BASE_URL", calls: [] });
  });

  test("an abort and a lost connection may be tried again, a failure without a name is put before a person", async () => {
    const failing = (err: Error) => createPlanner(() => scriptedModel(() => err))(QUESTION);
    expect(await failing(Object.assign(new Error("aborted"), { name: "AbortError" }))).toMatchObject({ ok: false, code: "MODEL_UNAVAILABLE" });
    expect(await failing(new TypeError("fetch failed"))).toMatchObject({ ok: false, code: "MODEL_UNAVAILABLE" });
    expect(await failing(new RangeError("what is this"))).toMatchObject({ ok: false, code: "MODEL_OUTPUT_INVALID", message: "what is this" });
  });
});
