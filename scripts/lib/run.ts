/** Runs a command of the project to its end. */
import { spawn } from "node:child_process";
import { REPOSITORY } from "./repository.ts";

/** Exit code of a check that could not be made here: neither passed nor failed. It is `EX_TEMPFAIL` of sysexits. */
export const NOT_CHECKED = 75;

export type Finished = { readonly code: number; readonly output: string };

/** Runs a command in the repository; with `echo` its output is also shown as it comes. */
export function run(command: string, args: readonly string[], options: { readonly cwd?: string; readonly echo?: boolean } = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd ?? REPOSITORY, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: string[] = [];
    for (const [stream, sink] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        chunks.push(text);
        if (options.echo === true) sink.write(text);
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output: chunks.join("") }));
  });
}
