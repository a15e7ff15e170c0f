/**
 * `pnpm screenshots`: every page of the dashboard in light and dark, made of a platform of its own with real sessions in it: one
 * delivered, one that waits for an approval, one that was refused. They are written to `docs/screenshots/`.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { needsPerson, submitAndFollow, type FactoryClient } from "@factory/cli";
import { REPOSITORY } from "../lib/repository.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";
import { launchChromium } from "./chromium.ts";
import { openDashboard, pagesOf, settled } from "./dashboard-page.ts";

const FOLDER = join(REPOSITORY, "docs", "screenshots");
const SCHEMES = ["light", "dark"] as const;

/** The order whose session is looked at, and others that give the lists something to show. */
const SHOWN = "examples/order-pricing.md";
const OTHERS = [
  "examples/order-text-tools.md",
  "evals/golden/08-door-lock/order.md",
  "evals/golden/18-person-receipt-texts/order.md",
  "evals/golden/20-refused-untestable/order.md",
];

async function fill(platform: TestPlatform, client: FactoryClient): Promise<string> {
  for (const order of OTHERS) await submitAndFollow(client, await platform.request(join(REPOSITORY, order)), { until: needsPerson });
  // The same order, decided by a person: it waits in the inbox.
  const waiting = readFileSync(join(REPOSITORY, SHOWN), "utf8").replace("review_mode: auto", "review_mode: human");
  await submitAndFollow(client, await platform.requestText(waiting), { until: needsPerson });
  return (await submitAndFollow(client, await platform.request(join(REPOSITORY, SHOWN)), {})).sessionId;
}

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const [platform, browser] = await Promise.all([startTestPlatform(), launchChromium()]);
  try {
    const sessionId = await fill(platform, platform.client);
    for (const scheme of SCHEMES) {
      const { page, context } = await openDashboard(browser, { url: platform.url, credentials: platform.credentials, scheme });
      for (const [name, path] of pagesOf(sessionId)) {
        await page.goto(new URL(path, platform.url).href);
        await settled(page);
        await page.screenshot({ path: join(FOLDER, `${name}-${scheme}.png`) });
        console.log(`${name} (${scheme})`);
      }
      await context.close();
    }
  } finally {
    await browser.close();
    await platform.dispose();
  }
}

await main();
