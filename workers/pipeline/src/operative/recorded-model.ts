/** The model of an attempt: every call is accounted for, and what it asks for is looked at before anything of it runs. */
import { answeredBy, costOf, modelFailureOf } from "@factory/models";
import type { ResolvedModel } from "@factory/models";
import { digestOf } from "@factory/schemas";
import type { ModelCall } from "@factory/schemas/rpc";
import { wrapLanguageModel } from "ai";
import { AttemptStopped } from "./attempt-control.ts";
import type { AttemptControl } from "./attempt-control.ts";
import type { ConsentGate } from "./consent-gate.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";

type Model = ResolvedModel["model"];
type Answer = Awaited<ReturnType<Model["doGenerate"]>>;

/** What a recorded model needs. */
export interface RecordedModelDeps {
  readonly control: AttemptControl;
  readonly lease: LeaseKeeper;
  readonly gate: ConsentGate;
  /** Keeps one call of the account. */
  readonly record: (call: ModelCall) => void;
  /** Puts what was kept on disk, before another call goes out. */
  readonly flush: () => void;
  readonly now: () => number;
}

/** What its calls are made for. */
export type CallContext = {
  readonly beadId: string;
  /** As the log's MODEL_CALLED names it. */
  readonly purpose: string;
  /** US dollars the attempt may spend. Calls of unknown cost do not count towards it. */
  readonly budgetUsd: number;
};

/** Wraps a model for one attempt. */
export function recordedModel(resolved: ResolvedModel, { beadId, purpose, budgetUsd }: CallContext, deps: RecordedModelDeps): Model {
  const { control, lease, record, flush, now } = deps;
  const [first] = resolved.members;
  let spentUsd = 0;
  return wrapLanguageModel({
    model: resolved.model,
    middleware: {
      specificationVersion: "v4",
      wrapGenerate: async ({ doGenerate, params }) => {
        if (spentUsd > budgetUsd) control.stop({ kind: "budget", spentUsd, budgetUsd });
        control.check();
        flush();
        const startedAt = now();
        const head = { alias: resolved.alias, purpose, beadId, promptHash: hashOf(params.prompt) };
        try {
          const answer = await lease.during(() => control.race(doGenerate()));
          const account = accountOf(answer, resolved);
          spentUsd += account.costUsd ?? 0;
          record({ ...head, ...account, durationMs: now() - startedAt, outcome: answer.finishReason.unified });
          await refuseForbidden(answer, deps);
          return answer;
        } catch (err) {
          if (err instanceof ForbiddenCall) throw err;
          const outcome = err instanceof AttemptStopped ? err.message : modelFailureOf(err).code;
          record({ ...head, provider: first?.provider ?? "", modelId: first?.modelId ?? "", durationMs: now() - startedAt, outcome });
          throw err;
        }
      },
    },
  });
}

class ForbiddenCall extends AttemptStopped {}

/** A call of a tool that is not permitted ends the attempt before any call of the same answer runs. */
async function refuseForbidden({ content }: Answer, { gate, control }: RecordedModelDeps): Promise<void> {
  for (const part of content) {
    if (part.type !== "tool-call" || gate.permits(part.toolName)) continue;
    const verdict = await gate.authorise(part.toolName, part.input);
    if (verdict.ok) continue;
    control.stop(verdict.stop);
    throw new ForbiddenCall(verdict.stop.kind);
  }
}

function accountOf(
  answer: Answer,
  { members: [first], prices }: Pick<ResolvedModel, "members" | "prices">,
): Pick<ModelCall, "provider" | "modelId" | "inputTokens" | "outputTokens" | "costUsd"> {
  const by = answeredBy(answer.providerMetadata) ?? first;
  const modelId = by?.modelId ?? "";
  const input = answer.usage.inputTokens.total;
  const output = answer.usage.outputTokens.total;
  const costUsd = costOf(modelId, { input, output }, prices);
  return {
    provider: by?.provider ?? "",
    modelId,
    ...(input === undefined ? {} : { inputTokens: input }),
    ...(output === undefined ? {} : { outputTokens: output }),
    ...(costUsd === undefined ? {} : { costUsd }),
  };
}

/** Digest of what the model was told; a round trip through JSON drops what is undefined, as canonical JSON demands. */
function hashOf(prompt: unknown): string {
  return digestOf(JSON.parse(JSON.stringify(prompt)));
}
