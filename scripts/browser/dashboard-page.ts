/** The dashboard in a browser, signed in, as tests and screenshots use it. */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { dashboardLink } from "../lib/dashboard-link.ts";
import type { Credentials } from "@factory/cli";

export type DashboardOptions = {
  readonly url: string;
  readonly credentials: Credentials;
  readonly scheme?: "light" | "dark";
  /** CSS pixels. */
  readonly width?: number;
  readonly height?: number;
};

/** A page of the dashboard, and everything it complained of: a test that does not expect it looks that it is empty. */
export type DashboardPage = { readonly page: Page; readonly context: BrowserContext; readonly complaints: readonly string[] };

/** Opens the dashboard in a profile of its own and signs in by the link that `npm start` prints. */
export async function openDashboard(
  browser: Browser,
  { url, credentials, scheme = "light", width = 1_280, height = 800 }: DashboardOptions,
): Promise<DashboardPage> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: "reduce", timezoneId: "Europe/Berlin" });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (err) => complaints.push(String(err)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(dashboardLink(url, credentials));
  await page.getByRole("heading", { level: 1, name: "Sessions" }).waitFor();
  return { page, context, complaints };
}

/** Every page of the dashboard by a name for files and tests; the session's are of the one that is given. */
export function pagesOf(sessionId: string): ReadonlyMap<string, string> {
  const session = `/sessions/${sessionId}`;
  return new Map([
    ["sessions", "/sessions"],
    ["session-overview", session],
    ["session-graph", `${session}/graph`],
    ["session-timeline", `${session}/timeline`],
    ["session-files", `${session}/files`],
    ["session-checks", `${session}/checks`],
    ["session-evidence", `${session}/evidence`],
    ["session-lineage", `${session}/lineage`],
    ["session-costs", `${session}/costs`],
    ["inbox", "/inbox"],
    ["submit", "/submit"],
    ["knowing-state", "/knowing-state"],
    ["operations", "/operations"],
  ]);
}

/** Waits until nothing more is on its way: no skeleton stands in the page, evidence is verified, and the fonts are there. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.locator("main [role=status][aria-label^=Loading]").first().waitFor({ state: "detached" });
  // Lists are asked again every two seconds and more; in between the network rests.
  await page.waitForLoadState("networkidle");
  await page.getByText("Verifying in this browser").first().waitFor({ state: "detached" });
  await page.evaluate("document.fonts.ready.then(() => undefined)");
}
