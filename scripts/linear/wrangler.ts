/** Runs wrangler for what is set once by hand: a secret, a record in KV. */
import { spawn } from "node:child_process";
import { REPOSITORY } from "../lib/repository.ts";

/** The linear-bridge Worker's configuration, seen from the repository's root, where wrangler runs. */
export const BRIDGE_CONFIG = "workers/linear-bridge/wrangler.jsonc";

/** What came of a call: `output` is standard output, `errors` is what was said beside it. */
export type WranglerAnswer = { readonly code: number; readonly output: string; readonly errors: string };

/** A call of wrangler; `input` goes to its standard input, so that a secret is in no argument that other processes see. */
export type Wrangler = (args: readonly string[], input?: string) => Promise<WranglerAnswer>;

/** Runs the wrangler that the project carries, in the repository. */
export const runWrangler: Wrangler = (args, input = "") =>
  new Promise((resolve, reject) => {
    const child = spawn("wrangler", args, { cwd: REPOSITORY, stdio: ["pipe", "pipe", "pipe"] });
    const texts = { output: "", errors: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.errors += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, ...texts }));
    // A wrangler that ends before it has read says why by its code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });

/** A command as somebody would type it. */
export function commandText(args: readonly string[]): string {
  return ["npx", "wrangler", ...args].map((arg) => (/^[\w@./:=-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`)).join(" ");
}
