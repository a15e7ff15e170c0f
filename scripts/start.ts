/** `npm start`: the platform on one port; it stays until it is told to stop. */
import { DEV_KEY_PATH, ensureDevKey } from "./lib/dev-key.ts";
import { dashboardLink } from "./lib/dashboard-link.ts";
import { onOrphaned } from "./lib/orphan.mjs";
import { HOST_VARIABLES_HELP, hostOptionsFrom, LINEAR_VARIABLES_HELP, linearOptionsFrom } from "./lib/host-options.ts";
import { authorityText } from "./linear/authority-file.ts";
import { PlatformStartError, spawnPlatform } from "./platform/spawn.ts";

const HELP = `Usage: npm start

Starts every Worker behind one loopback port and stays until Ctrl-C.

${HOST_VARIABLES_HELP}

${LINEAR_VARIABLES_HELP}`;

async function main(): Promise<number> {
  if (process.argv.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  const linear = linearOptionsFrom(process.env);
  const platform = await spawnPlatform({ ...hostOptionsFrom(process.env), ...(linear === undefined ? {} : { linear }) }, (step) => console.log(`  ${step}`));
  console.log(`\nFactory takes calls at ${platform.url}`);
  console.log(`  dashboard  ${dashboardLink(platform.url, ensureDevKey())}`);
  console.log(`  health     ${platform.url}/health`);
  console.log(`  API key    ${DEV_KEY_PATH}`);
  if (linear !== undefined) console.log(`  Linear     ${authorityText(linear.authority)}`);
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
