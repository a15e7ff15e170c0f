/** The small set of `pnpm eval:golden --ci` through the whole platform, with the offline model. */
import { expect, it } from "vitest";
import { CI_ORDERS } from "./ci-orders.ts";
import { readGoldenOrder } from "./golden-order.ts";
import { reportOf, textOf } from "./report.ts";
import { runGolden } from "./run-golden.ts";

it("orders of the golden set end as expected, and none is falsely completed", async () => {
  const orders = CI_ORDERS.map((name) => readGoldenOrder(name));
  const started = performance.now();
  const said: string[] = [];
  const results = await runGolden(orders, {
    timeoutMs: 150_000,
    models: { FACTORY_MODELS: "", MODEL_BASE_URL: "" },
    say: (line) => said.push(line),
  });
  const report = reportOf(results, { orders, offline: true, whole: false, durationMs: performance.now() - started });
  expect(report.failures, `${textOf(report)}\n${said.join("\n")}`).toEqual([]);
  expect(report.totals.completed).toBe(3);
  // The hidden tests were run: nothing delivered goes unjudged.
  for (const { end, hidden } of report.orders) expect(hidden === null).toBe(end !== "COMPLETED");
});
