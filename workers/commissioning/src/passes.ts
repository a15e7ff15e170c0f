/**
 * One planning pass: a question, an answer in its schema, an artifact with lineage, in one transaction. A pass that would
 * have to guess asks a person instead.
 */
import { RetryableError } from "@factory/durable";
import { artifactNode, ERRORS, PASSES } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, PassName, Uncertainty } from "@factory/schemas";
import { passPrompt, passSchema, passSystem, readPassAnswer } from "@factory/planning";
import type { PassAnswer, PassResult, Upstream } from "@factory/planning";
import { recordChoice } from "./candidates.ts";
import type { PlanAnswer, SessionContext } from "./context.ts";
import { endWith } from "./context.ts";
import { commissioningElucidation } from "./elucidation.ts";
import { beginAttempt, isExhausted, lastAttempt } from "./pass-attempts.ts";
import type { Attempt, PassLife } from "./pass-attempts.ts";
import type { AttemptOutcome } from "./planning-store.ts";
import { answersOf, approvedConstraints, openReview } from "./reviews.ts";

type Answer = PlanAnswer<PassAnswer>;

/** The relation of a pass's artifact to the one before it. */
const RELATIONS: { readonly [P in PassName]: string } = {
  "synthesize-pressure": "derived_from",
  "map-capability": "addresses",
  "propose-function": "derived_from",
  "write-intent-specification": "derived_from",
};

/**
 * Runs a pass that has no artifact yet, as its next attempt. A model that cannot be reached is asked again later, for a
 * bounded number of attempts; one whose answer does not fit is put before a person, as is a question of its own; one that
 * is not configured ends the session.
 *
 * @param life - what this life of the object works on
 * @throws RetryableError when the model did not answer.
 */
export async function runPass(context: SessionContext, pass: PassName, signal: AbortSignal, life: PassLife): Promise<void> {
  const { store } = context;
  const attempt = store.transaction(() => beginPass(context, pass, life));
  if (attempt === null) return;
  try {
    await askModel(context, attempt, signal);
  } finally {
    // Whatever came of it, this life works on it no more: an attempt that is still open is lost, and taken up at once.
    if (life.attempt === attempt) life.attempt = null;
  }
}

async function askModel(context: SessionContext, attempt: Attempt, signal: AbortSignal): Promise<void> {
  const { store, deps } = context;
  const startedAt = deps.now();
  const answer = await deps.planner({ ...questionOf(context, attempt.pass), signal });
  const again = store.transaction(() => finishAttempt(context, attempt, answer, deps.now() - startedAt));
  if (again && !answer.ok) {
    throw new RetryableError(answer.message, answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs });
  }
}

/** @returns null when there is nothing to ask a model now */
function beginPass(context: SessionContext, pass: PassName, life: PassLife): Attempt | null {
  const { store } = context;
  // Nothing is planned for a reason that is not on record, and none is made up here.
  if (commissioningElucidation(store) === null) {
    endWith(context, { state: "FAILED", reason: `Pass ${pass}: ${ERRORS.ELUCIDATION_MISSING.message}`, reasonCode: "ELUCIDATION_MISSING" });
    return null;
  }
  const begun = beginAttempt(context, pass, life);
  if (begun === "busy") return null;
  if (begun !== "exhausted") return begun;
  askAboutPass(context, pass, "no attempt came to an end: the object that made it went away each time", "UNAVAILABLE");
  return null;
}

function questionOf(context: SessionContext, pass: PassName) {
  const { order } = context.store.request();
  return {
    purpose: pass,
    system: passSystem(),
    prompt: passPrompt(pass, order, upstreamOf(context), notesFor(context, pass), answersOf(context)),
    schema: passSchema(pass, order),
  };
}

/** @returns true when the pass is to be tried again later */
function finishAttempt(context: SessionContext, attempt: Attempt, answer: Answer, durationMs: number): boolean {
  const { store, planning, ledger, deps } = context;
  // The calls were made, whatever becomes of the answer.
  for (const call of answer.calls) ledger.event("MODEL_CALLED", call);
  const { state, ending } = store.requireSession();
  const moot = ending !== null || state !== "COMMISSIONING" || planning.passes().has(attempt.pass);
  const result = answer.ok && !moot ? readAnswer(context, attempt.pass, answer.value) : undefined;
  if (!planning.endAttempt(attempt, moot ? "moot" : outcomeOf(answer, result), deps.now()) || moot) return false;
  if (!answer.ok) return failPass(context, attempt.pass, answer);
  if (result?.kind === "uncertain") askInstead(context, attempt, result.uncertainty);
  else if (result !== undefined) completePass(context, attempt, { answer, result, durationMs });
  return false;
}

function readAnswer(context: SessionContext, pass: PassName, value: PassAnswer): PassResult {
  return readPassAnswer(pass, value, context.store.request().order, approvedConstraints(context));
}

function outcomeOf(answer: Answer, result: PassResult | undefined): AttemptOutcome {
  if (answer.ok) return result?.kind === "uncertain" ? "uncertain" : "answered";
  switch (answer.code) {
    case "MODEL_UNAVAILABLE":
      return "unavailable";
    case "MODEL_OUTPUT_INVALID":
      return "invalid";
    case "MODEL_CONFIG":
      return "unconfigured";
    default:
      return answer.code satisfies never;
  }
}

type Made = {
  readonly answer: Extract<Answer, { ok: true }>;
  readonly result: Exclude<PassResult, { kind: "uncertain" }>;
  readonly durationMs: number;
};

function completePass(context: SessionContext, { pass, attempt }: Attempt, { answer, result, durationMs }: Made): void {
  const { store, planning, ledger, deps } = context;
  const parents = parentsOf(context, pass);
  const { prefix, type } = definitionOf(pass);
  const node = artifactNode(prefix, type, store.request().org, result.data, parents);
  ledger.artifact(node, edgesOf(context, pass, node, parents));
  if (result.kind === "chosen") recordChoice(context, result.candidateSet, node, parents);
  planning.completePass(pass, node.id);
  ledger.event("PASS_COMPLETED", {
    pass,
    artifactId: node.id,
    artifactType: type,
    modelCalls: answer.calls.length,
    repaired: answer.repaired,
    durationMs,
    attempt,
  });
  store.patch({ stuck: null }, deps.now());
}

/** Puts the question of a pass on record and to a person; the pass is run again with the answer. */
function askInstead(context: SessionContext, { pass, attempt }: Attempt, { question, why, options }: Uncertainty): void {
  const { store, ledger } = context;
  const parents = parentsOf(context, pass);
  const data = { pass, question, why, options, explicitness: "inferred", rationale: `The pass ${pass} would have had to guess: ${why}` };
  const node = artifactNode("UNC", "UncertaintyEntry", store.request().org, data, parents);
  ledger.artifact(
    node,
    parents.map((target) => ({ source: node.id, rel: "source_ref", target })),
  );
  openReview(context, {
    subject: { matter: "uncertainty", pass, artifactId: node.id, attempt },
    reviewType: "HUMAN_REVIEW",
    toState: "IN_REVIEW",
    action: `Answer the planning pass ${pass}: ${question}`,
    promptText: [
      `The planning pass ${pass} asks instead of guessing: ${question}`,
      `Why: ${why}`,
      ...options.map((option) => `- ${option}`),
      "Amend with your answer: it becomes a constraint. Approve to let the model decide within the order. Reject to end the session.",
    ].join("\n"),
    context: { pass, artifactId: node.id, question, options },
  });
}

/** @returns true when the pass is to be tried again later */
function failPass(context: SessionContext, pass: PassName, answer: Extract<Answer, { ok: false }>): boolean {
  const { store, ledger, deps } = context;
  switch (answer.code) {
    case "MODEL_UNAVAILABLE":
      if (isExhausted(context, pass)) {
        askAboutPass(context, pass, `no model answered, several times in a row. What was said last: ${answer.message}`, answer.code);
        return false;
      }
      store.patch({ stuck: `Pass ${pass}: ${answer.message} It is tried again.` }, deps.now());
      ledger.register();
      return true;
    case "MODEL_OUTPUT_INVALID":
      askAboutPass(context, pass, `the model's answer did not fit its schema after one repair. What did not fit: ${answer.message}`, answer.code);
      return false;
    case "MODEL_CONFIG":
      endWith(context, { state: "FAILED", reason: `Pass ${pass}: ${answer.message}`, reasonCode: "MODEL_CONFIG" });
      return false;
    default:
      return answer.code satisfies never;
  }
}

function askAboutPass(context: SessionContext, pass: PassName, why: string, code: string): void {
  const attempt = lastAttempt(context.planning, pass);
  openReview(context, {
    subject: { matter: "pass", pass, attempt },
    reviewType: "HUMAN_REVIEW",
    toState: "IN_REVIEW",
    action: `Run the planning pass ${pass} again after attempt ${attempt}`,
    promptText: [
      `The planning pass ${pass} has no result: ${why}`,
      "Approve to ask the model again. Amend to ask again with your note as an added instruction. Reject to end the session.",
      "A model with structured output helps: set FACTORY_MODELS, MODEL_BASE_URL and MODEL_API_KEY, restart, then approve.",
    ].join("\n"),
    context: { pass, code, attempt },
  });
}

function definitionOf(pass: PassName): (typeof PASSES)[number] {
  const found = PASSES.find(({ name }) => name === pass);
  if (found === undefined) throw new Error(`No pass is called ${pass}.`);
  return found;
}

/** The artifact before it; for the first pass the signal, and the elucidation of why it was taken on. */
function parentsOf({ store, planning }: SessionContext, pass: PassName): readonly string[] {
  const before = PASSES[PASSES.findIndex(({ name }) => name === pass) - 1];
  const parents = before === undefined ? [store.artifactOfType("Signal")?.id, commissioningElucidation(store)?.id] : [planning.passes().get(before.name)];
  return parents.map((id) => {
    if (id === undefined) throw new Error(`The pass ${pass} has nothing to rest on.`);
    return id;
  });
}

function edgesOf({ planning }: SessionContext, pass: PassName, node: ArtifactNode, parents: readonly string[]): ArtifactEdge[] {
  const taken = planning.passReruns(pass).at(-1)?.artifactId;
  return [
    ...parents.map((target, index) => ({ source: node.id, rel: index === 0 ? RELATIONS[pass] : "source_ref", target })),
    ...(taken === undefined || taken === node.id ? [] : [{ source: node.id, rel: "corrects", target: taken }]),
  ];
}

function upstreamOf({ store, planning }: SessionContext): Upstream {
  const done = planning.passes();
  return Object.fromEntries(
    PASSES.flatMap(({ name, type }) => {
      const id = done.get(name);
      return id === undefined ? [] : [[type, { id, ...store.artifact(id).data }]];
    }),
  );
}

/** What a person added to the pass, and what has to be mended of its last result. */
function notesFor({ store, planning }: SessionContext, pass: PassName): string[] {
  const added = store
    .closedReviews("pass")
    .filter(({ subject, decision }) => subject.matter === "pass" && subject.pass === pass && decision === "amended")
    .flatMap(({ note }) => note ?? []);
  return [...added, ...(planning.passReruns(pass).at(-1)?.findings ?? [])];
}
