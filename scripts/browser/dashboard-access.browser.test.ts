/** Whether everybody can use the dashboard: the rules of WCAG that a machine can decide, and no page that is wider than its screen. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { needsPerson, submitAndFollow } from "@factory/cli";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { REPOSITORY } from "../lib/repository.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";
import { launchChromium } from "./chromium.ts";
import { openDashboard, pagesOf, settled } from "./dashboard-page.ts";

/** The library's own build for browsers. */
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const SCREENS = [
  { name: "a desktop in light", scheme: "light", width: 1_280, height: 800 },
  { name: "a desktop in dark", scheme: "dark", width: 1_280, height: 800 },
  { name: "a phone in light", scheme: "light", width: 390, height: 844 },
] as const;

/** What axe calls minor or moderate is advice; these keep somebody out. */
const KEEPS_OUT: ReadonlySet<string> = new Set(["serious", "critical"]);

const results = z.object({
  /** How many rules the page keeps. */
  held: z.int(),
  violations: z.array(
    z.object({ id: z.string(), impact: z.string().nullish(), nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })) }),
  ),
});

let platform: TestPlatform;
let browser: Browser;
let sessionId: string;
beforeAll(async () => {
  [platform, browser] = await Promise.all([startTestPlatform(), launchChromium()]);
  const order = readFileSync(join(REPOSITORY, "examples", "order-pricing.md"), "utf8");
  // One waits for an approval, so that the inbox has something to decide.
  await submitAndFollow(platform.client, await platform.requestText(order.replace("review_mode: auto", "review_mode: human")), { until: needsPerson });
  sessionId = (await submitAndFollow(platform.client, await platform.requestText(order), {})).sessionId;
});
afterAll(async () => {
  await browser?.close();
  await platform?.dispose();
});

/** Findings of axe that keep somebody out, one line each. */
async function barriers(page: Page): Promise<string[]> {
  // The page's policy lets no script in; the test's protocol does.
  await page.evaluate(AXE);
  const { held, violations } = results.parse(await page.evaluate("axe.run(document).then(({ violations, passes }) => ({ violations, held: passes.length }))"));
  // A page of which no rule held was not looked at.
  expect(held).toBeGreaterThan(0);
  return violations
    .filter(({ impact }) => KEEPS_OUT.has(impact ?? ""))
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary = "" }) => `${id}: ${html.slice(0, 160)} ${failureSummary.replaceAll(/\s+/g, " ").slice(0, 240)}`),
    );
}

describe.each(SCREENS)("on $name", ({ scheme, width, height }) => {
  it("no page keeps anybody out, complains, or is wider than the screen", async () => {
    const { page, context, complaints } = await openDashboard(browser, { url: platform.url, credentials: platform.credentials, scheme, width, height });
    const found: string[] = [];
    for (const [name, path] of pagesOf(sessionId)) {
      await page.goto(new URL(path, platform.url).href);
      await settled(page);
      for (const barrier of await barriers(page)) found.push(`${name}: ${barrier}`);
      const wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
      if (Number(wide) > 0) found.push(`${name}: ${String(wide)} px wider than the screen`);
    }
    await context.close();
    expect([...found, ...complaints]).toEqual([]);
  });
});
