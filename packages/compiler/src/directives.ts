/** Atom directives: what an operative is told, in prose and as data, and what it may touch. Hidden examples never enter. */
import { describeTool, GEARS, gearId, permittedTools } from "@factory/gears";
import { canonicalJson, contentId, INDEX_FILE } from "@factory/schemas";
import type { AtomDirective, Claim, FunctionBlock, Id, SuccessCheck, WorkOrder } from "@factory/schemas";
import { promptExample, taskBlock } from "./prompt-task.ts";
import { readSignature } from "./signature.ts";
import { OUTCOME_KEY } from "./work-graph.ts";
import type { AtomPlan } from "./work-graph.ts";

/** Facts that are the same for every directive of a run. */
export type DirectiveContext = {
  readonly org: string;
  readonly assembly: string;
  readonly runId: Id<"RUN">;
  readonly workGraphId: Id<"WG">;
  readonly order: Pick<WorkOrder, "title" | "problem" | "goal" | "functions">;
  readonly constraints: readonly Claim[];
  readonly outOfScope: readonly string[];
  /** The file each function of the order is in. */
  readonly fileOf: (functionName: string) => string;
  readonly elucidationArtifactId: string;
  /** US dollars one bead may spend. */
  readonly beadBudgetUsd: number;
  readonly policyBeadIdOf: (role: AtomPlan["role"]) => string;
};

/** What is particular to one directive. */
export type DirectiveInput = {
  readonly plan: AtomPlan;
  readonly atomId: Id<"ATOM">;
  readonly dependsOn: readonly Id<"ATOM">[];
  readonly invariantIds: readonly string[];
  /** The claims the atom answers for, as they are now. */
  readonly claims: readonly Claim[];
  /** What earlier attempts taught, oldest first; never a hidden value. */
  readonly notes: readonly string[];
  /** Ids besides atom and work graph that the directive follows from. */
  readonly parents: readonly string[];
};

/** A directive and the graph parents that are part of its id. */
export type MadeDirective = { readonly directive: AtomDirective; readonly content: Omit<AtomDirective, "directiveId">; readonly parents: readonly string[] };

/** Builds the directive of an atom; its id follows from everything in it. */
export function makeDirective(context: DirectiveContext, input: DirectiveInput): MadeDirective {
  const { plan } = input;
  const gear = GEARS[plan.role];
  const permitted = permittedTools(gear);
  const content: Omit<AtomDirective, "directiveId"> = {
    atomId: input.atomId,
    workGraphId: context.workGraphId,
    runId: context.runId,
    assembly: context.assembly,
    team: gear.team,
    role: plan.role,
    gearId: gearId(context.org, gear),
    title: plan.title,
    instructions: instructionsFor(context, input),
    claimRefs: [...plan.claimRefs],
    fileScope: { read: [...plan.reads], write: [...plan.writes] },
    specFiles: specFilesFor(context, input),
    toolPolicy: { permitted },
    toolSchemas: permitted.map((name) => ({ ...describeTool(name) })),
    invariantIds: [...input.invariantIds],
    dependsOn: input.dependsOn.map((atomId) => ({ atomId, required: true })),
    successCheck: plan.check,
    retryPolicy: { ...gear.retryPolicy },
    timeoutMs: gear.timeoutMs,
    model: { ...gear.model },
    budgetUsd: context.beadBudgetUsd,
    elucidationArtifactId: context.elucidationArtifactId,
    policyBeadId: context.policyBeadIdOf(plan.role),
  };
  const parents = [input.atomId, context.workGraphId, ...input.parents];
  const directiveId = contentId("DIR", { kind: "AtomDirective", org: context.org, content, parents });
  return { directive: { directiveId, ...content }, content, parents };
}

/** Claims of the atom with examples, one file each, and all its claims in one. */
function specFilesFor({ fileOf }: DirectiveContext, { claims }: DirectiveInput): AtomDirective["specFiles"] {
  const examples = claims
    .filter(({ visible }) => visible.length > 0)
    .map(({ claimId, text, functionName, visible }) => ({
      path: `spec/examples/${claimId}.json`,
      content: canonicalJson({
        claim: claimId,
        text,
        ...(functionName === undefined ? {} : { functionName, file: fileOf(functionName) }),
        examples: visible.map(promptExample),
      }),
    }));
  const list = claims.map(({ claimId, kind, text, functionName, testFiles }) => ({
    claimId,
    kind,
    text,
    testFiles,
    ...(functionName === undefined ? {} : { functionName }),
  }));
  return [{ path: "spec/claims.json", content: canonicalJson(list) }, ...examples];
}

function instructionsFor(context: DirectiveContext, input: DirectiveInput): string {
  const { role } = input.plan;
  switch (role) {
    case "coder":
      return input.plan.functionName === undefined ? suiteInstructions(context, input) : functionInstructions(context, input, input.plan.functionName);
    case "integrator":
      return integratorInstructions(context, input);
    case "verifier:outcome":
      return outcomeInstructions(input);
    default: {
      const unknown: never = role;
      return unknown;
    }
  }
}

function functionInstructions(context: DirectiveContext, input: DirectiveInput, name: string): string {
  const { plan, notes } = input;
  const block = context.order.functions.find((candidate) => candidate.name === name);
  if (block === undefined) throw new TypeError(`The order has no function ${name}.`);
  const file = context.fileOf(name);
  const own = input.claims.filter(({ functionName }) => functionName === name);
  const dependencies = dependenciesOf(context, plan);
  const examples = own.flatMap(({ visible }) => visible).toSorted((a, b) => a.line - b.line);
  const mode = plan.target?.mode ?? "create";
  return [
    taskOf(plan, name, file),
    purpose(context),
    `Signature:\n\n\`\`\`ts\n${block.signature}\n\`\`\``,
    section(
      "What must hold",
      own.map(({ claimId, text }) => `${claimId}: ${text}`),
    ),
    section(
      "Constraints",
      context.constraints.map(({ claimId, text }) => `${claimId}: ${text}`),
    ),
    section(
      "Examples; results are compared strictly, numbers exactly, and further examples are hidden",
      examples.map(({ text }) => text),
    ),
    section(
      "Functions you may import",
      [...dependencies, ...plan.existing].map((one) => `\`import { ${one.name} } from "${specifierOf(file, one.file)}"\`: ${one.signature}`),
    ),
    section("Tests that must pass", plan.tests),
    section("Tests that run later, once the files that they import are there", plan.laterTests),
    section("Learned from earlier attempts", notes),
    section("Out of scope", context.outOfScope),
    "Solve the general case: code that only tells the visible examples apart is rejected by the hidden ones. Run the checks before you report COMPLETE; if you cannot do it, report BLOCKED and say why.",
    taskBlock({
      task: "write-code",
      mode,
      function: { ...signatureOf(block), signature: block.signature },
      file,
      ...(mode === "modify" ? { keeps: plan.target?.keeps ?? [] } : {}),
      criteria: own.map(({ claimId, text }) => ({ claimId, text })),
      examples: examples.map(promptExample).map(({ args, expected, throws }) => (throws === undefined ? { args, expected } : { args, throws })),
      dependencies: [...dependencies.map(({ signature: _signature, ...facts }) => facts), ...plan.existing.flatMap(dependencyOf)],
      checks: namesOfChecks(plan.check),
      tests: plan.tests,
      notes,
    }),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** What is to be done to the file: a new one is written whole, one that is there keeps everything else. */
function taskOf({ target }: AtomPlan, name: string, file: string): string {
  if (target?.mode !== "modify") return `Write the function \`${name}\` in \`${file}\` and export it by that name. Write no other file.`;
  const now =
    target.unreadable !== undefined
      ? ` As it is, it cannot be read (${target.unreadable}): repair it.`
      : target.present === undefined
        ? ""
        : ` It is in line ${target.present.line} now: \`${target.present.signature}\`.`;
  const keeps =
    target.keeps.length === 0
      ? "Keep what else the file holds."
      : `Keep what else the file holds, and its other exports: ${target.keeps.map((one) => `\`${one}\``).join(", ")}.`;
  return `Change the function \`${name}\` in \`${file}\`, which exists: read it first.${now} ${keeps} Write no other file.`;
}

function suiteInstructions(context: DirectiveContext, input: DirectiveInput): string {
  const { plan, claims, notes } = input;
  const own = claims.filter(({ kind }) => kind === "criterion");
  return [
    `Write TypeScript under \`src/\` so that these tests pass: ${plan.tests.map((file) => `\`${file}\``).join(", ")}. Read them first. Do not change the tests.`,
    purpose(context),
    section(
      "What must hold",
      own.map(({ claimId, text }) => `${claimId}: ${text}`),
    ),
    section(
      "Constraints",
      context.constraints.map(({ claimId, text }) => `${claimId}: ${text}`),
    ),
    section("Learned from earlier attempts", notes),
    section("Out of scope", context.outOfScope),
    "Run the checks before you report COMPLETE; if you cannot do it, report BLOCKED and say why.",
    taskBlock({
      task: "make-tests-pass",
      tests: plan.tests,
      criteria: own.map(({ claimId, text }) => ({ claimId, text })),
      checks: namesOfChecks(plan.check),
      notes,
    }),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function integratorInstructions(context: DirectiveContext, input: DirectiveInput): string {
  const { plan, claims, notes } = input;
  // What is in the index itself is exported there already.
  const exports = context.order.functions.map(({ name }) => ({ name, file: context.fileOf(name) })).filter(({ file }) => file !== INDEX_FILE);
  const own = claims.filter(({ kind, functionName, testFiles }) => kind === "criterion" && functionName === undefined && testFiles.length === 0);
  const alone = plan.dependsOn.length === 0;
  return [
    alone
      ? `Write what the criteria below ask for in TypeScript under \`src/\`, and export it from \`${INDEX_FILE}\`.`
      : `Write \`${INDEX_FILE}\`. It re-exports every function below and keeps what it holds and exports already. Write no other file.`,
    purpose(context),
    section(
      "Exports",
      exports.map(({ name, file }) => `\`export { ${name} } from "${specifierOf(INDEX_FILE, file)}"\``),
    ),
    section(
      "Criteria that no function and no test covers; a person judges them in the end",
      own.map(({ claimId, text }) => `${claimId}: ${text}`),
    ),
    section(
      "Constraints",
      context.constraints.map(({ claimId, text }) => `${claimId}: ${text}`),
    ),
    section("Learned from earlier attempts", notes),
    "Run the checks before you report COMPLETE; if you cannot do it, report BLOCKED and say why.",
    taskBlock({
      task: alone ? "write-program" : "write-index",
      file: INDEX_FILE,
      exports,
      criteria: own.map(({ claimId, text }) => ({ claimId, text })),
      checks: namesOfChecks(plan.check),
      notes,
    }),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** An outcome atom has no operative; its directive says what the platform runs. */
function outcomeInstructions({ plan, notes }: DirectiveInput): string {
  const what =
    plan.key === OUTCOME_KEY
      ? "The platform runs every visible check on the merged tree and requires that each claim is referenced by a bead that is done and that each file exists. No model is asked."
      : "The platform runs the visible checks of this molecule's claims on the tree as it is and requires that each claim is referenced by a bead of the molecule that is done and that each file exists. No model is asked.";
  return [
    what,
    section("Learned from earlier attempts", notes),
    taskBlock({ task: plan.key === OUTCOME_KEY ? "verify-outcome" : "verify-molecule", claims: plan.claimRefs, checks: namesOfChecks(plan.check) }),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function purpose({ order }: DirectiveContext): string {
  const goal = order.goal === "" ? order.problem : order.goal;
  return `The work order is "${order.title}".${goal === "" ? "" : ` What it is for:\n\n${goal}`}`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${title}:\n${lines.map((line) => `- ${line.replace(/\n/g, "\n  ")}`).join("\n")}`;
}

type Dependency = ReturnType<typeof signatureOf> & { readonly signature: string; readonly file: string };

function dependenciesOf({ order, fileOf }: DirectiveContext, plan: AtomPlan): Dependency[] {
  return order.functions
    .filter(({ name }) => plan.uses.includes(name))
    .map((block) => ({ ...signatureOf(block), signature: block.signature, file: fileOf(block.name) }));
}

/** A function of the starting tree as data, where its head is a signature that can be read. */
function dependencyOf({ name, signature, file }: AtomPlan["existing"][number]): (ReturnType<typeof signatureOf> & { readonly file: string })[] {
  const block = readSignature(signature);
  return block?.name === name ? [{ ...signatureOf(block), file }] : [];
}

/** Specifier of one workspace file in another. */
function specifierOf(from: string, to: string): string {
  const [folders, target] = [from.split("/").slice(0, -1), to.split("/")];
  let shared = 0;
  while (shared < folders.length && shared < target.length - 1 && folders[shared] === target[shared]) shared += 1;
  const up = folders.length - shared;
  return `${up === 0 ? "./" : "../".repeat(up)}${target.slice(shared).join("/")}`;
}

/** Field by field, so that the order of fields in an order's data does not show in a prompt. */
function signatureOf({ name, params, returnType }: FunctionBlock): Pick<FunctionBlock, "name" | "params" | "returnType"> {
  return { name, params: params.map((param) => ({ name: param.name, type: param.type, optional: param.optional })), returnType };
}

/** Kinds of checks, each once, as a coder is told them. */
function namesOfChecks(check: SuccessCheck): string[] {
  const names = check.kind === "all" ? check.checks.flatMap(namesOfChecks) : [check.kind];
  return [...new Set(names)];
}
