import { expect, it } from "vitest";
import { isUnavailable } from "./fallback.ts";
import { modelFailureOf } from "./model-errors.ts";

it("takes a connection that workerd lost as a model that is not available, not as an answer that does not fit", () => {
  const lost = new Error("Network connection lost.");
  expect(isUnavailable(lost)).toBe(true);
  expect(modelFailureOf(lost)).toEqual({ code: "MODEL_UNAVAILABLE", message: "Network connection lost." });
  expect(isUnavailable(Object.assign(new Error("internal error; reference = abc"), { retryable: true }))).toBe(true);
});

it("does not take a failure that nobody knows as one of the connection", () => {
  expect(isUnavailable(new Error("Cannot read properties of undefined"))).toBe(false);
  expect(modelFailureOf(new Error("Cannot read properties of undefined")).code).toBe("INTERNAL");
});
