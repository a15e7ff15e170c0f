/** `npm start`: the platform on one port; it stays until it is told to stop. */
import { DEV_KEY_PATH, ensureDevKey } from "./lib/dev-key.ts";
import { dashboardLink } from "./lib/dashboard-link.ts";
import { onOrphaned } from "./lib/orphan.mjs";
import { hostOptionsFrom } from "./lib/host-options.ts";
import { PlatformStartError, spawnPlatform } from "./platform/spawn.ts";

const HELP = `Usage: npm start

Starts every Worker behind one loopback port and stays until Ctrl-C.

  PORT            the port (default 8787)
  FACTORY_STATE   the folder that keeps its state and its log (default .factory/local)
  FACTORY_MODELS, MODEL_BASE_URL, MODEL_API_KEY   which models work; without them the offline model does
  FACTORY_MODEL_PRICES   what they cost, in US dollars per million tokens: {"gpt-*":{"input":1.25,"output":10}}`;

async function main(): Promise<number> {
  if (process.argv.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  const platform = await spawnPlatform(hostOptionsFrom(process.env), (step) => console.log(`  ${step}`));
  console.log(`\nFactory takes calls at ${platform.url}`);
  console.log(`  dashboard  ${dashboardLink(platform.url, ensureDevKey())}`);
  console.log(`  health     ${platform.url}/health`);
  console.log(`  API key    ${DEV_KEY_PATH}`);
  console.log(`  try        npx factory submit examples/order-pricing.md --follow\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void platform.stop());
  onOrphaned(() => void platform.stop());
  await platform.exited;
  return 0;
}

try {
  process.exitCode = await main();
} catch (err) {
  if (!(err instanceof PlatformStartError)) throw err;
  console.error(err.message);
  process.exitCode = 2;
}
