/** Writes the module that re-exports every function. */
import { z } from "zod";
import { blocked, complete } from "./report.ts";
import { readOutput, textOf, type Conversation, type OfflineAnswer, type ToolAnswer } from "./task.ts";
import { checksPassed } from "./write-code.ts";

const writeIndexTask = z.looseObject({ file: z.string(), exports: z.array(z.looseObject({ name: z.string(), file: z.string() })) });
type WriteIndexTask = z.infer<typeof writeIndexTask>;

/** The next step of a `write-index` task. */
export function writeIndex(conversation: Conversation): OfflineAnswer {
  const parsed = writeIndexTask.safeParse(conversation.task);
  if (!parsed.success) return blocked("The task block is not usable.", [z.prettifyError(parsed.error)]);
  const task = parsed.data;
  const checks = resultOf(conversation, "run_checks");
  if (checks !== undefined) {
    if (!checksPassed(checks)) return blocked(`${task.file} is written, but its checks do not pass.`, [textOf(checks.value).slice(0, 2_000)]);
    return complete(`${task.file} exports ${task.exports.map(({ name }) => name).join(", ")}.`, {
      verified: ["run_checks reported that every required check passed."],
    });
  }
  const written = resultOf(conversation, "write_file");
  if (written?.failed === true) return blocked(`${task.file} could not be written.`, [textOf(written.value)]);
  const missing = ["write_file", "run_checks"].find((tool) => !conversation.tools.has(tool));
  if (missing !== undefined) return blocked("The module was not finished.", [`The tool ${missing} is not offered.`]);
  if (written !== undefined) return { kind: "tools", calls: [{ name: "run_checks", input: {} }] };
  const listed = resultOf(conversation, "list_files");
  if (listed === undefined && conversation.tools.has("list_files")) return { kind: "tools", calls: [{ name: "list_files", input: {} }] };
  const existing = resultOf(conversation, "read_file");
  if (existing === undefined && listed !== undefined && pathsIn(listed.value).has(task.file) && conversation.tools.has("read_file")) {
    return { kind: "tools", calls: [{ name: "read_file", input: { path: task.file } }] };
  }
  const content = indexSource(task, existing === undefined || existing.failed ? "" : contentOf(existing.value));
  return { kind: "tools", calls: [{ name: "write_file", input: { path: task.file, content } }] };
}

/** What the file holds already, then one line for each export it does not have yet. */
function indexSource(task: WriteIndexTask, existing: string): string {
  const lines = task.exports
    .filter(({ name }) => !new RegExp(`\\bexport\\b[^;]*\\b${name}\\b`).test(existing))
    .map(({ name, file }) => `export { ${name} } from "${relative(task.file, file)}";`);
  return [...(existing.trim() === "" ? [] : [existing.trimEnd()]), ...lines, ""].join("\n");
}

function relative(from: string, to: string): string {
  const folder = from.split("/").slice(0, -1).join("/");
  return folder !== "" && to.startsWith(`${folder}/`) ? `./${to.slice(folder.length + 1)}` : `./${to}`;
}

function contentOf(value: unknown): string {
  return typeof value === "string" ? value : (z.looseObject({ content: z.string() }).safeParse(value).data?.content ?? "");
}

/** Paths in a listing, whatever its form. */
function pathsIn(value: unknown): Set<string> {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return new Set(text.match(/[\w./-]+\.\w+/g) ?? []);
}

function resultOf(conversation: Conversation, name: string): ToolAnswer | undefined {
  const use = conversation.uses.findLast((candidate) => candidate.name === name && candidate.output !== undefined);
  return use?.output === undefined ? undefined : readOutput(use.output);
}
