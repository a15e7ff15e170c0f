/** Runs of the load generator of `stream-load.ts`, each in a process of its own. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { MeasuredServer } from "./stream-host.ts";
import type { LoadFigures, LoadOptions } from "./stream-load.ts";

/** What one run came to; with the flushes of the server's disk where they are counted. */
export type RunFigures = LoadFigures & { readonly flushesPerEvent: number | null };

/** One run of the load generator against a server. @throws Error when it ends without figures */
export async function runLoad(server: MeasuredServer, options: Omit<LoadOptions, "url">): Promise<RunFigures> {
  const argument: LoadOptions = { ...options, url: server.url };
  const child = spawn(process.execPath, [fileURLToPath(new URL("stream-load.ts", import.meta.url)), JSON.stringify(argument)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let flushes: number | null = null;
  let figures: LoadFigures | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as { readonly measuring?: boolean; readonly figures?: LoadFigures };
    const now = server.flushes();
    if (said.measuring === true) flushes = now;
    if (said.measuring === false && flushes !== null && now !== null) flushes = now - flushes;
    figures = said.figures ?? figures;
  }
  await exited;
  if (figures === undefined) throw new Error(`The load generator ended without figures (${options.server}, ${options.subscribers}).`);
  return { ...figures, flushesPerEvent: flushes === null ? null : Number((flushes / figures.events).toFixed(3)) };
}
