/**
 * Writes one function: reads what it may import, searches a program that satisfies the visible examples, writes the
 * file or puts the function into the one that is there, runs the checks and reports. Every step is derived from the conversation, so nothing is remembered between calls.
 */
import { z } from "zod";
import { complete, blocked } from "./report.ts";
import { parseFunction, type Callable } from "./search/interpret.ts";
import { synthesize, type SynthesisOptions, type SynthesisTask, type TaskDependency, type TaskExample } from "./search/synthesize.ts";
import { isolateFunction, replaceFunction } from "./source-file.ts";
import { readOutput, textOf, type Conversation, type OfflineAnswer, type ToolAnswer } from "./task.ts";

const param = z.looseObject({ name: z.string(), type: z.string(), optional: z.boolean().optional() });
const undefinedValue = z.strictObject({ $undefined: z.literal(true) });
const example = z.union([
  z.looseObject({ args: z.array(z.unknown()), throws: z.string() }),
  z.looseObject({ args: z.array(z.unknown()), expected: z.unknown() }),
]);
const criterion = z.union([z.string(), z.looseObject({ text: z.string() }).transform(({ text }) => text)]);

/** The `write-code` task. `criteria` and `notes` are prose whose numbers and quoted strings are likely constants. */
const writeCodeTask = z.looseObject({
  function: z.looseObject({ name: z.string(), params: z.array(param), returnType: z.string() }),
  file: z.string(),
  /** `modify`: the file is there and everything else in it stays. */
  mode: z.enum(["create", "modify"]).default("create"),
  examples: z.array(example),
  dependencies: z.array(z.looseObject({ name: z.string(), params: z.array(param), returnType: z.string(), file: z.string() })).default([]),
  criteria: z.array(criterion).default([]),
});
type WriteCodeTask = z.infer<typeof writeCodeTask>;

/** Files read for their code: those the task names and those they import in turn. */
const MAX_FILES_READ = 32;

/** The next step of a `write-code` task. */
export async function writeCode(conversation: Conversation, options: SynthesisOptions): Promise<OfflineAnswer> {
  const parsed = writeCodeTask.safeParse(conversation.task);
  if (!parsed.success) return blocked("The task block is not usable.", [z.prettifyError(parsed.error)]);
  const task = parsed.data;
  const checks = lastResult(conversation, "run_checks");
  if (checks !== undefined) return afterChecks(task, conversation, checks);
  const written = lastResult(conversation, "write_file");
  if (written?.failed === true) return blocked(`${task.file} could not be written.`, [textOf(written.value)]);
  if (written !== undefined) return runChecks(task, conversation);
  for (const tool of ["write_file", "run_checks"]) {
    if (!conversation.tools.has(tool)) return blocked("The function was not written.", [`The tool ${tool} is not offered.`]);
  }
  const sources = sourcesRead(conversation);
  const wanted = conversation.tools.has("read_file") ? unreadFiles(task, sources) : [];
  if (wanted.length > 0) return { kind: "tools", calls: wanted.map((path) => ({ name: "read_file", input: { path } })) };
  return search(task, sources, options);
}

function runChecks(task: WriteCodeTask, conversation: Conversation): OfflineAnswer {
  if (conversation.tools.has("run_checks")) return { kind: "tools", calls: [{ name: "run_checks", input: {} }] };
  return blocked(`${task.file} is written, but its checks were not run.`, ["The tool run_checks is not offered."]);
}

/** Sources by path; undefined where a file cannot be read. */
type Sources = ReadonlyMap<string, string | undefined>;

function sourcesRead(conversation: Conversation): Sources {
  const sources = new Map<string, string | undefined>();
  for (const use of conversation.uses) {
    const path = z.looseObject({ path: z.string() }).safeParse(use.input);
    if (use.name !== "read_file" || !path.success || use.output === undefined) continue;
    const { failed, value } = readOutput(use.output);
    const content = typeof value === "string" ? value : z.looseObject({ content: z.string() }).safeParse(value).data?.content;
    sources.set(path.data.path, failed ? undefined : content);
  }
  return sources;
}

/** Files that are still to be read: dependencies, and what the ones already read import. */
function unreadFiles(task: WriteCodeTask, sources: Sources): string[] {
  const wanted = new Set([...(task.mode === "modify" ? [task.file] : []), ...task.dependencies.map(({ file }) => file)]);
  for (const [path, source] of sources) {
    for (const imported of source === undefined ? [] : importsOf(path, source).values()) wanted.add(imported);
  }
  return [...wanted].filter((path) => !sources.has(path)).slice(0, Math.max(0, MAX_FILES_READ - sources.size));
}

/** Imported names with the files they come from. */
function importsOf(path: string, source: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const match of source.matchAll(/^import \{ ([\w$, ]+) \} from "(\.[^"]+)";/gm)) {
    const file = resolve(path, match[2] ?? "");
    for (const name of (match[1] ?? "").split(",")) found.set(name.trim(), file);
  }
  return found;
}

function resolve(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  const path = parts.join("/").replace(/\.js$/, ".ts");
  return path.endsWith(".ts") ? path : `${path}.ts`;
}

/** Links a file's function with what it imports; undefined where a part of it cannot be run here. */
function linkFile(path: string, name: string, sources: Sources, visiting: ReadonlySet<string>): Callable | undefined {
  const source = sources.get(path);
  const place = `${path}#${name}`;
  if (source === undefined || visiting.has(place)) return undefined;
  // A file that was there before may hold more than the one function that the search reads.
  const parsed = parseFunction(source) ?? parseFunction(isolateFunction(source, name) ?? "");
  if (parsed?.name !== name) return undefined;
  const files = importsOf(path, source);
  const imported: { [name: string]: Callable } = {};
  for (const dependency of parsed.imports) {
    const call = linkFile(files.get(dependency) ?? "", dependency, sources, new Set([...visiting, place]));
    if (call === undefined) return undefined;
    imported[dependency] = call;
  }
  return parsed.link(imported);
}

async function search(task: WriteCodeTask, sources: Sources, options: SynthesisOptions): Promise<OfflineAnswer> {
  const dependencies: TaskDependency[] = [];
  const unusable: string[] = [];
  for (const { name, params, returnType, file } of task.dependencies) {
    const call = linkFile(file, name, sources, new Set());
    if (call === undefined) unusable.push(`${name} in ${file} cannot be run by the search: it is absent or outside the subset it reads.`);
    else dependencies.push({ name, params: params.map(plainParam), returnType, file, call });
  }
  const wanted: SynthesisTask = {
    name: task.function.name,
    params: task.function.params.map(plainParam),
    returnType: task.function.returnType,
    file: task.file,
    examples: task.examples.map(readExample),
    dependencies,
    words: task.criteria,
  };
  const result = await synthesize(wanted, options);
  if (!result.found) {
    return blocked(`The offline model searched a program for ${wanted.name} and found none.`, [result.reason, ...unusable], { candidates: result.candidates });
  }
  const content = task.mode === "create" ? result.source : replaceFunction(sources.get(task.file) ?? "", wanted.name, result.source);
  if (content === undefined) {
    const why = "it is absent, cannot be read, or does not declare the function once and with a body";
    return blocked(`${wanted.name} was found, but cannot be put into ${task.file}.`, [`${task.file}: ${why}.`], { candidates: result.candidates });
  }
  return { kind: "tools", calls: [{ name: "write_file", input: { path: task.file, content } }], candidates: result.candidates };
}

function plainParam({ name, type, optional }: z.infer<typeof param>): { name: string; type: string; optional?: boolean } {
  return { name, type, ...(optional === undefined ? {} : { optional }) };
}

function readExample(item: z.infer<typeof example>): TaskExample {
  const args = freeze(item.args.map(readValue)) as readonly unknown[];
  return "throws" in item && typeof item.throws === "string"
    ? { args, throws: item.throws }
    : { args, expected: freeze(readValue("expected" in item ? item.expected : undefined)) };
}

/** A literal of an example: `{"$undefined":true}` is how JSON says `undefined`. */
function readValue(value: unknown): unknown {
  return undefinedValue.safeParse(value).success ? undefined : value;
}

/** A program of a dependency that changed its arguments would change the examples; frozen, it throws instead. */
function freeze(value: unknown): unknown {
  if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) freeze(item);
    Object.freeze(value);
  }
  return value;
}

function lastResult(conversation: Conversation, name: string): ToolAnswer | undefined {
  const use = conversation.uses.findLast((candidate) => candidate.name === name && candidate.output !== undefined);
  return use?.output === undefined ? undefined : readOutput(use.output);
}

function afterChecks(task: WriteCodeTask, conversation: Conversation, checks: ToolAnswer): OfflineAnswer {
  if (checksPassed(checks)) {
    const content = conversation.uses.findLast((use) => use.name === "write_file");
    const lines = z.looseObject({ content: z.string() }).safeParse(content?.input).data?.content.trimEnd().split("\n").length ?? 0;
    return complete(
      `${task.function.name} is the smallest program the search found that gives the expected result of all ${task.examples.length} visible examples (${lines} lines).`,
      {
        verified: [`All ${task.examples.length} visible examples hold.`, "run_checks reported that every required check passed."],
        assumptions: ["The visible examples stand for the whole criterion; nothing beyond them was known to the search."],
      },
    );
  }
  return blocked(`${task.file} gives the expected results in the search, but its checks do not pass.`, [textOf(checks.value).slice(0, 2_000)]);
}

/** True only where a result says so: `ok` or `passed`, or every entry of its results. */
export function checksPassed({ failed, value }: ToolAnswer): boolean {
  if (failed) return false;
  if (typeof value === "string") return /\ball\b[^.\n]*\bpassed\b/i.test(value) && !/\b(?:[1-9]\d* failed|fail(?:s|ure)\b)/i.test(value);
  const read = z
    .looseObject({ ok: z.boolean().optional(), passed: z.union([z.boolean(), z.number()]).optional(), failed: z.number().optional() })
    .safeParse(value);
  if (!read.success) return false;
  const { ok, passed, failed: count } = read.data;
  if (ok !== undefined) return ok;
  if (typeof passed === "boolean") return passed;
  return typeof passed === "number" && passed > 0 && count === 0;
}
