/** What a person does with the dashboard, in a real browser against the real platform. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { needsPerson, submitAndFollow } from "@factory/cli";
import { SessionEventKind } from "@factory/schemas/proto";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { generatedOrder } from "../lib/generated-order.ts";
import { REPOSITORY } from "../lib/repository.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";
import { launchChromium } from "./chromium.ts";
import { openDashboard, type DashboardPage } from "./dashboard-page.ts";

/** A run of this many functions is still at work when the platform is killed. */
const LONG_RUN = 40;
const RUN_TIMEOUT_MS = 120_000;

const ORDER = readFileSync(join(REPOSITORY, "examples", "order-pricing.md"), "utf8");
/** An order that asks for an approval; the examples that it shows pin its functions down, whatever its title. */
const asked = (title: string): string =>
  generatedOrder(3)
    .replace("review_mode: auto", "review_mode: human")
    .replace(/^title: .*$/m, `title: ${title}`);

let platform: TestPlatform;
let browser: Browser;
let dashboard: DashboardPage;
let page: Page;
beforeAll(async () => {
  [platform, browser] = await Promise.all([startTestPlatform(), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await platform?.dispose();
});
beforeEach(async () => {
  dashboard = await openDashboard(browser, platform);
  page = dashboard.page;
  page.setDefaultTimeout(RUN_TIMEOUT_MS);
});
afterEach(() => dashboard?.context.close());

/** Submits an order and waits until it asks somebody, or ends. */
const submitted = async (text: string): Promise<string> =>
  (await submitAndFollow(platform.client, await platform.requestText(text), { until: needsPerson })).sessionId;

/** The session's state, as its page shows it beside the title. */
const stateOf = (state: string) => page.locator("main header").getByText(state, { exact: true }).first();

async function open(path: string): Promise<void> {
  await page.goto(new URL(path, platform.url).href);
}

/** Kinds of the session's log, in order. */
async function kindsOf(sessionId: string): Promise<string[]> {
  const kinds: string[] = [];
  for await (const { event } of platform.client.gateway.resumeStream({ sessionId, replayOnly: true }))
    if (event !== undefined) kinds.push(SessionEventKind[event.kind]);
  return kinds;
}

describe("a person who asks for software", () => {
  it("writes an order, is told what is wrong while typing, and follows the session to its end", async () => {
    await page.getByRole("link", { name: "Submit" }).click();
    await page.getByRole("button", { name: "Write from nothing" }).click();
    const editor = page.getByRole("textbox", { name: "Work order" });
    await editor.fill("# Nothing\n");
    await page
      .getByRole("status")
      .filter({ hasText: /^\d+ faults?/ })
      .waitFor({ state: "attached" });
    await editor.fill(ORDER);
    await page
      .getByRole("status")
      .filter({ hasText: /^No faults/ })
      .waitFor({ state: "attached" });
    await page.getByRole("button", { name: /^Submit/ }).click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Submit/ })
      .click();
    await page.waitForURL(/\/sessions\/SES-/);
    await stateOf("completed").waitFor();
    await page.getByRole("link", { name: "Checks" }).click();
    await page.getByRole("link", { name: "Evidence" }).click();
    expect(dashboard.complaints).toEqual([]);
  });
});

describe("a person who is asked", () => {
  it("approves the exact action, and the session goes on to its end", async () => {
    const sessionId = await submitted(asked("Approved pricing"));
    await page.getByRole("link", { name: /Inbox/ }).click();
    await page
      .getByRole("list", { name: "Reviews" })
      .getByRole("link", { name: /Approved pricing/ })
      .click();
    await page.getByRole("button", { name: "Approve" }).click();
    const dialog = page.getByRole("dialog");
    const digest = await dialog.locator("code").first().textContent();
    await dialog.getByRole("textbox").fill("As we agreed.");
    await dialog.getByRole("button", { name: "Approve" }).click();
    await dialog.waitFor({ state: "detached" });
    await open(`/sessions/${sessionId}`);
    await stateOf("completed").waitFor();
    const kinds = await kindsOf(sessionId);
    expect(kinds.filter((kind) => kind === "APPROVAL_GRANTED")).toHaveLength(1);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(dashboard.complaints).toEqual([]);
  });

  it("rejects another with a reason, by keyboard alone, and it ends rejected", async () => {
    const sessionId = await submitted(asked("Rejected pricing"));
    await open(`/sessions/${sessionId}`);
    await page.getByRole("link", { name: "Decide" }).first().click();
    await page.getByRole("region", { name: "Decide" }).waitFor();
    await page.keyboard.press("r");
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    await page.keyboard.type("We sell nothing of the kind.");
    await page.keyboard.press("Control+Enter");
    await dialog.waitFor({ state: "detached" });
    await open(`/sessions/${sessionId}`);
    await stateOf("rejected").waitFor();
    await page.getByText("We sell nothing of the kind.").first().waitFor();
    expect(dashboard.complaints).toEqual([]);
  });
});

describe("a person who watches", () => {
  it("sees a run to its end although the platform is killed and started again in the middle of it", async () => {
    const stream = platform.client.gateway.submitSession(await platform.requestText(generatedOrder(LONG_RUN)));
    const { value } = await stream[Symbol.asyncIterator]().next();
    const sessionId = value?.event?.sessionId ?? "";
    await open(`/sessions/${sessionId}/timeline`);
    await page
      .getByText(/is done after/)
      .first()
      .waitFor();
    await platform.crashAndRestart();
    await stateOf("completed").waitFor();
    // Without a reload: what the page knows came by the socket that was broken.
    await page.getByText("the log is closed").waitFor();
    const kinds = await kindsOf(sessionId);
    await page.getByText(`${kinds.length} events`).waitFor();
  });

  it("cancels a run with a reason and sees it end", async () => {
    const stream = platform.client.gateway.submitSession(await platform.requestText(generatedOrder(LONG_RUN + 1)));
    const { value } = await stream[Symbol.asyncIterator]().next();
    const sessionId = value?.event?.sessionId ?? "";
    await open(`/sessions/${sessionId}`);
    await page.getByRole("button", { name: "Cancel" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox").fill("The wrong order.");
    await dialog.getByRole("button", { name: "Cancel the session" }).click();
    await stateOf("cancelled").waitFor();
    await page.getByText("The wrong order.").first().waitFor();
    expect((await kindsOf(sessionId)).at(-1)).toBe("SESSION_CANCELLED");
    expect(dashboard.complaints).toEqual([]);
  });
});
