/** The floors of the house: imports only go down, Workers meet through RPC, nothing goes in circles. */
const KERNEL = "^packages/(artifact-graph|bead-graph|ksp-sdk|durable|schemas)/";
const DOMAIN = "^packages/(compiler|planning|verification|workspace|gears|models|governance|knowledge|factory-graph|loop-closure)/";
const WORKERS = "^workers/";
const PEOPLE = "^packages/cli/";
const SCRIPTS = "^scripts/";
const EXAMPLES = "^examples/[^/]+/";
const TESTS = "\\.test\\.ts$|/testing/";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no-circles", severity: "error", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    { name: "kernel-is-the-ground", severity: "error", from: { path: KERNEL }, to: { path: [DOMAIN, WORKERS, PEOPLE, SCRIPTS] } },
    { name: "domain-knows-no-worker", severity: "error", from: { path: DOMAIN }, to: { path: [WORKERS, PEOPLE, SCRIPTS] } },
    {
      name: "workers-meet-through-rpc",
      severity: "error",
      from: { path: "^workers/([^/]+)/", pathNot: TESTS },
      to: { path: WORKERS, pathNot: "^workers/$1/" },
    },
    { name: "workers-know-no-people", severity: "error", from: { path: WORKERS, pathNot: TESTS }, to: { path: [PEOPLE, SCRIPTS] } },
    { name: "cli-knows-no-worker", severity: "error", from: { path: PEOPLE, pathNot: TESTS }, to: { path: [WORKERS, SCRIPTS] } },
    {
      name: "examples-stand-on-the-kernel",
      severity: "error",
      from: { path: EXAMPLES },
      to: { path: "^(packages|workers|scripts)/", pathNot: [KERNEL, "^packages/loop-closure/"] },
    },
    { name: "nothing-stands-on-examples", severity: "error", from: { pathNot: EXAMPLES }, to: { path: EXAMPLES } },
    { name: "no-orphans-of-resolution", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "^(cloudflare|factory):" } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "node_modules|/gen/|\\.d\\.ts$" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["workerd", "worker", "import", "types", "default"],
      extensions: [".ts", ".js", ".mjs", ".json"],
    },
  },
};
