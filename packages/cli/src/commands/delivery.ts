/** Commands that fetch what a session made: evidence, deliverable. */
import { resolve } from "node:path";
import { writeDeliverable, writeEvidence } from "../deliverable.ts";
import { EXIT } from "../errors.ts";
import { argument, type Command } from "./command.ts";

export const evidence: Command = {
  usage: "evidence SESSION [-o FILE]",
  summary: "write the sealed evidence package of a session that has ended",
  options: { output: { type: "string", short: "o" } },
  help: ["--output, -o    file to write (default evidence.json)"],
  async run(context) {
    const path = resolve(context.directory, typeof context.values["output"] === "string" ? context.values["output"] : "evidence.json");
    await writeEvidence(context.client(), argument(context, 0, "SESSION"), path);
    context.print(path);
    return EXIT.completed;
  },
};

export const deliverable: Command = {
  usage: "deliverable SESSION [--out DIR]",
  summary: "write the files of a completed session, digests checked; DIR is replaced",
  options: { out: { type: "string" } },
  help: ["--out DIR       folder to write (default out/<session>)"],
  async run(context) {
    const sessionId = argument(context, 0, "SESSION");
    const directory = resolve(context.directory, typeof context.values["out"] === "string" ? context.values["out"] : `out/${sessionId}`);
    for (const path of await writeDeliverable(context.client(), sessionId, directory)) context.print(path);
    return EXIT.completed;
  },
};
