/** One planning pass: a question, an answer in its schema, an artifact with lineage, in one transaction. */
import { RetryableError } from "@factory/durable";
import { artifactNode, PASSES } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, PassName } from "@factory/schemas";
import type { PlanAnswer, SessionContext } from "./context.ts";
import { endWith } from "./context.ts";
import { overlay, passPrompt, passSchema, passSystem } from "@factory/planning";
import type { Upstream } from "@factory/planning";
import { openReview } from "./reviews.ts";

/** The relation of a pass's artifact to the one before it. */
const RELATIONS: { readonly [P in PassName]: string } = {
  "synthesize-pressure": "derived_from",
  "map-capability": "addresses",
  "propose-function": "derived_from",
  "write-intent-specification": "derived_from",
};

/**
 * Runs a pass that has no artifact yet. A model that cannot be reached is asked again later; one whose answer does not
 * fit is put before a person; one that is not configured ends the session.
 *
 * @throws RetryableError when the model did not answer.
 */
export async function runPass(context: SessionContext, pass: PassName, signal: AbortSignal): Promise<void> {
  const { store, deps } = context;
  const { order } = store.request();
  const startedAt = deps.now();
  const answer = await deps.planner({
    purpose: pass,
    system: passSystem(),
    prompt: passPrompt(pass, order, upstreamOf(context), notesFor(context, pass)),
    schema: passSchema(pass, order),
    signal,
  });
  const done = store.transaction(() => {
    // The session may have been cancelled while the model answered; the calls were made all the same.
    for (const call of answer.calls) context.ledger.event("MODEL_CALLED", call);
    const { state, ending } = store.requireSession();
    if (ending !== null || state !== "COMMISSIONING" || store.passes().has(pass)) return true;
    return answer.ok ? completePass(context, pass, answer, deps.now() - startedAt) : failPass(context, pass, answer);
  });
  if (!done && !answer.ok) {
    throw new RetryableError(answer.message, answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs });
  }
}

function completePass(
  context: SessionContext,
  pass: PassName,
  answer: Extract<PlanAnswer<{ readonly [key: string]: unknown }>, { ok: true }>,
  durationMs: number,
): true {
  const { store, ledger, deps } = context;
  const { org, order } = store.request();
  const parents = parentsOf(context, pass);
  const { prefix, type } = definitionOf(pass);
  const node = artifactNode(prefix, type, org, overlay(pass, answer.value, order), parents);
  ledger.artifact(node, edgesOf(pass, node, parents));
  store.completePass(pass, node.id);
  ledger.event("PASS_COMPLETED", { pass, artifactId: node.id, artifactType: type, modelCalls: answer.calls.length, repaired: answer.repaired, durationMs });
  store.patch({ stuck: null }, deps.now());
  return true;
}

/** @returns false when the pass is to be tried again later */
function failPass(context: SessionContext, pass: PassName, answer: Extract<PlanAnswer<unknown>, { ok: false }>): boolean {
  const { store, ledger, deps } = context;
  switch (answer.code) {
    case "MODEL_UNAVAILABLE":
      store.patch({ stuck: `Pass ${pass}: ${answer.message} It is tried again.` }, deps.now());
      ledger.register();
      return false;
    case "MODEL_OUTPUT_INVALID":
      openReview(context, {
        subject: { matter: "pass", pass },
        reviewType: "HUMAN_REVIEW",
        toState: "IN_REVIEW",
        action: `Run the planning pass ${pass} again`,
        promptText: [
          `The planning pass ${pass} has no result: the model's answer did not fit its schema after one repair.`,
          `What it said last: ${answer.message}`,
          "Approve to ask the model again. Amend to ask again with your note as an added instruction. Reject to end the session.",
          "A model with structured output helps: set FACTORY_MODELS, MODEL_BASE_URL and MODEL_API_KEY, restart, then approve.",
        ].join("\n"),
        context: { pass, code: answer.code },
      });
      return true;
    case "MODEL_CONFIG":
      endWith(context, { state: "FAILED", reason: `Pass ${pass}: ${answer.message}`, reasonCode: "MODEL_CONFIG" });
      return true;
    default:
      return answer.code satisfies never;
  }
}

function definitionOf(pass: PassName): (typeof PASSES)[number] {
  const found = PASSES.find(({ name }) => name === pass);
  if (found === undefined) throw new Error(`No pass is called ${pass}.`);
  return found;
}

/** The artifact before it; for the first pass the signal, and the elucidation of why it was taken on. */
function parentsOf({ store }: SessionContext, pass: PassName): readonly string[] {
  const before = PASSES[PASSES.findIndex(({ name }) => name === pass) - 1];
  const parents =
    before === undefined ? [store.artifactOfType("Signal")?.id, store.artifactOfType("ElucidationArtifact")?.id] : [store.passes().get(before.name)];
  return parents.map((id) => {
    if (id === undefined) throw new Error(`The pass ${pass} has nothing to rest on.`);
    return id;
  });
}

function edgesOf(pass: PassName, node: ArtifactNode, parents: readonly string[]): ArtifactEdge[] {
  return parents.map((target, index) => ({ source: node.id, rel: index === 0 ? RELATIONS[pass] : "source_ref", target }));
}

function upstreamOf({ store }: SessionContext): Upstream {
  const done = store.passes();
  return Object.fromEntries(
    PASSES.flatMap(({ name, type }) => {
      const id = done.get(name);
      return id === undefined ? [] : [[type, { id, ...store.artifact(id).data }]];
    }),
  );
}

function notesFor({ store }: SessionContext, pass: PassName): string[] {
  return store
    .closedReviews("pass")
    .filter(({ subject, decision }) => subject.matter === "pass" && subject.pass === pass && decision === "amended")
    .flatMap(({ note }) => note ?? []);
}
