/** The planning passes of a simulation, one after the other, as a session takes them. */
import { PLANNER_ALIAS } from "../aliases.ts";
import { alternative, artifactNode, PASSES } from "@factory/schemas";
import type { ArtifactNode, CandidateSet, PassName, WorkOrder } from "@factory/schemas";
import { z } from "zod";
import { passSchema, readPassAnswer } from "../pass-answers.ts";
import type { Upstream } from "../pass-context.ts";
import { passPrompt, passSystem } from "../pass-prompts.ts";
import type { AskedQuestion } from "./estimate.ts";
import type { PlannedCandidate, PlannedPass, PlannedQuestion } from "./plan.ts";

/** What a model is asked. */
export type PlanQuestion<T> = {
  readonly alias: string;
  /** What the question is for. */
  readonly purpose: string;
  readonly system: string;
  readonly prompt: string;
  readonly schema: z.ZodType<T>;
};

/** What comes back; `modelCalls` counts repairs and failures, too. */
export type PlanAnswer<T> =
  | { readonly ok: true; readonly value: T; readonly modelId: string; readonly repaired: boolean; readonly modelCalls: number }
  | {
      readonly ok: false;
      readonly code: "MODEL_OUTPUT_INVALID" | "MODEL_UNAVAILABLE" | "MODEL_CONFIG";
      readonly message: string;
      readonly modelCalls: number;
    };

/** Asks a model: offline, recorded or real. It never throws for what the model does. */
export type PlanModel = <T>(question: PlanQuestion<T>) => Promise<PlanAnswer<T>>;

/** Everything the passes have come to so far. */
export type PassesResult = {
  readonly passes: readonly PlannedPass[];
  readonly candidates: readonly PlannedCandidate[];
  readonly asked: readonly AskedQuestion[];
  /** The artifacts, by type. */
  readonly artifacts: { readonly [type: string]: ArtifactNode };
  /** What stops the passes until a person answers. */
  readonly question: PlannedQuestion | null;
  /** Why no model answered; null where one did. */
  readonly failure: { readonly code: string; readonly message: string } | null;
};

/** What the passes rest on. */
export type PassesInput = {
  readonly order: WorkOrder;
  readonly org: string;
  /** Ids of the signal and the elucidation. */
  readonly sources: readonly string[];
  readonly ask: PlanModel;
};

export const NO_PASSES: PassesResult = { passes: [], candidates: [], asked: [], artifacts: {}, question: null, failure: null };

/** Runs every pass until one has no artifact. */
export async function simulatePasses(input: PassesInput): Promise<PassesResult> {
  let result = NO_PASSES;
  for (const { name } of PASSES) {
    result = await simulatePass(input, name, result);
    if (result.question !== null || result.failure !== null) break;
  }
  return result;
}

/**
 * Runs one pass behind those that are done.
 *
 * @param notes - findings of a review that the answer has to mend
 */
export async function simulatePass(input: PassesInput, pass: PassName, before: PassesResult, notes: readonly string[] = []): Promise<PassesResult> {
  const { order, ask } = input;
  const schema = passSchema(pass, order);
  const system = passSystem();
  const prompt = passPrompt(pass, order, upstreamOf(before), notes);
  const answer = await ask({ alias: PLANNER_ALIAS, purpose: pass, system, prompt, schema });
  const promptChars = system.length + prompt.length + JSON.stringify(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" })).length;
  const asked = [...before.asked, { alias: PLANNER_ALIAS, promptChars, answerChars: answer.ok ? JSON.stringify(answer.value).length : 0 }];
  const facts = { pass, modelId: answer.ok ? answer.modelId : null, modelCalls: answer.modelCalls, repaired: answer.ok && answer.repaired };
  if (!answer.ok) {
    const done = { ...before, asked, passes: [...before.passes, { ...facts, ...NOTHING_SAID, outcome: "unanswered" as const, detail: answer.message }] };
    if (answer.code !== "MODEL_OUTPUT_INVALID") return { ...done, failure: { code: answer.code, message: `Pass ${pass}: ${answer.message}` } };
    return { ...done, question: passQuestion("pass", `The pass ${pass} has no result. Is the model to be asked again? ${answer.message}`) };
  }
  const result = readPassAnswer(pass, answer.value, order);
  if (result.kind === "uncertain") {
    const { question, why, options } = result.uncertainty;
    const detail = `${question} ${why}${options.length === 0 ? "" : ` Options: ${options.join("; ")}.`}`;
    const passes = [...before.passes, { ...facts, ...NOTHING_SAID, outcome: "uncertain" as const, detail }];
    return { ...before, asked, passes, question: passQuestion("uncertainty", detail) };
  }
  const node = nodeOf(input, pass, result.data, before);
  return {
    ...before,
    asked,
    passes: [...before.passes, { ...facts, ...saidBy(result.data), outcome: "answered", detail: null }],
    candidates: result.kind === "chosen" ? plannedCandidates(result.candidateSet) : before.candidates,
    artifacts: { ...before.artifacts, [node.type]: node },
  };
}

function passQuestion(matter: "pass" | "uncertainty", question: string): PlannedQuestion {
  return { matter, state: "COMMISSIONING", certain: true, question, claims: [] };
}

function upstreamOf({ artifacts }: PassesResult): Upstream {
  return Object.fromEntries(Object.entries(artifacts).map(([type, { id, data }]) => [type, { id, ...data }]));
}

function nodeOf({ org, sources }: PassesInput, pass: PassName, data: ArtifactNode["data"], { artifacts }: PassesResult): ArtifactNode {
  const place = PASSES.findIndex(({ name }) => name === pass);
  const definition = PASSES[place];
  if (definition === undefined) throw new TypeError(`No pass is called ${pass}.`);
  const before = PASSES[place - 1];
  const parent = before === undefined ? undefined : artifacts[before.type];
  return artifactNode(definition.prefix, definition.type, org, data, parent === undefined ? sources : [parent.id]);
}

const NOTHING_SAID = { title: null, explicitness: null, rationale: null, alternatives: [] } as const;

/** What every artifact of a pass says beside its content. */
const said = z.looseObject({
  title: z.string(),
  explicitness: z.enum(["stated", "inferred"]),
  rationale: z.string(),
  alternativesConsidered: z.array(alternative).default([]),
});

function saidBy(data: ArtifactNode["data"]): Pick<PlannedPass, "title" | "explicitness" | "rationale" | "alternatives"> {
  const { title, explicitness, rationale, alternativesConsidered } = said.parse(data);
  return { title, explicitness, rationale, alternatives: alternativesConsidered };
}

function plannedCandidates(set: CandidateSet): PlannedCandidate[] {
  return set.candidates.map(({ proposal, scores, rationale, total, outcome, reason }) => ({
    name: proposal.name,
    title: proposal.title,
    chosen: outcome === "selected",
    total,
    scores,
    rationale,
    lostBecause: outcome === "selected" ? null : reason,
  }));
}
