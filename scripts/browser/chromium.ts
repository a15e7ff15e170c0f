/** The browser that tests and screenshots are made with: a Chromium of the machine, driven by Playwright's protocol client. */
import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

/** Names another browser than the usual places have. */
export const CHROMIUM_VARIABLE = "FACTORY_CHROMIUM";

/** Set where a machine without a browser has to fail instead of leaving the browser's tests out. */
export const REQUIRE_CHROMIUM_VARIABLE = "FACTORY_REQUIRE_CHROMIUM";

const USUAL_PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
] as const;

/** Nothing but the page may use the network, and a container has no sandbox of its own to give. */
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
] as const;

/** Path of a Chromium of this machine, or undefined. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env[CHROMIUM_VARIABLE];
  return named !== undefined && named !== "" ? named : USUAL_PLACES.find((path) => existsSync(path));
}

/** What to do where there is none. */
export const CHROMIUM_HINT = `No Chromium was found: install one (Debian: apt-get install chromium), or name it in ${CHROMIUM_VARIABLE}.`;

/** Starts the browser. @throws Error when there is none. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(CHROMIUM_HINT);
  return chromium.launch({ executablePath, args: [...ARGUMENTS] });
}
