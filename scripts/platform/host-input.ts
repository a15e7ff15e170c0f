/**
 * What the platform's process is told, over its standard input: everybody on the machine may list arguments, and among the options
 * are secrets. The first line holds the options as JSON; nothing follows it, and the input's end says that whoever started it is gone.
 */
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { PlatformOptions } from "./platform.ts";

/** What `host.ts` is told. */
export type HostOptions = Omit<PlatformOptions, "onProgress"> & {
  /** Leave the address where the `factory` command looks for it. */
  readonly announce?: boolean;
};

/** Tells the process at the other end; the pipe stays open. */
export function tellHost(input: Writable, options: HostOptions): void {
  // A process that ended before it read this is known by its end.
  input.on("error", () => undefined);
  input.write(`${JSON.stringify(options)}\n`);
}

/** The options as they were told, and when the input has ended. */
export type HostInput = { readonly options: HostOptions; readonly ended: Promise<unknown> };

/** Reads the options and goes on watching for the end. @throws Error when the input ends before them */
export async function readHostInput(input: Readable): Promise<HostInput> {
  const ended = once(input, "end");
  const first = Promise.withResolvers<string>();
  let text = "";
  // Lines as `readline` has them end at characters that JSON leaves as they are.
  input.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
    const end = text.indexOf("\n");
    if (end >= 0) first.resolve(text.slice(0, end));
  });
  void ended.then(() => first.reject(new Error("The platform's process is told its options on the first line of its standard input.")));
  // Whoever started this process wrote the line with `tellHost`.
  return { options: JSON.parse(await first.promise) as HostOptions, ended };
}
