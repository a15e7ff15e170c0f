/** A chain of models as one model: the next is asked only when the one before is not available. */
import { APICallError, type LanguageModelV4, type LanguageModelV4CallOptions, type SharedV4ProviderMetadata } from "@ai-sdk/provider";
import type { ModelMember } from "./registry.ts";

type Member = { readonly member: ModelMember; readonly model: LanguageModelV4 };

/** Key of `providerMetadata` under which an answer says which member gave it. */
export const FACTORY_METADATA = "factory";

/** Longest wait for a member that has another behind it, in milliseconds; the last one is only bounded by the caller. */
const MEMBER_TIMEOUT_MS = 60_000;

/**
 * One model that asks its members in order. It moves on for what another server may do better (429, 5xx, no connection, no
 * answer in time), never for a request that is wrong, and never once the caller has aborted. A stream counts as answered
 * when it begins.
 */
export function withFallback(members: readonly Member[], { memberTimeoutMs = MEMBER_TIMEOUT_MS }: { readonly memberTimeoutMs?: number } = {}): LanguageModelV4 {
  const [first] = members;
  if (first === undefined) throw new TypeError("A chain needs at least one model.");
  const attempt = async <T>(
    options: LanguageModelV4CallOptions,
    call: (model: LanguageModelV4, options: LanguageModelV4CallOptions) => PromiseLike<T>,
  ): Promise<{ answer: T; by: ModelMember }> => {
    for (const [index, { member, model }] of members.entries()) {
      const isLast = index === members.length - 1;
      try {
        const answer = isLast ? await call(model, options) : await within(memberTimeoutMs, options, (bounded) => call(model, bounded));
        return { answer, by: member };
      } catch (err) {
        if (isLast || options.abortSignal?.aborted === true || !isUnavailable(err)) throw err;
      }
    }
    throw new TypeError("A chain ends with an answer or an error.");
  };
  return {
    specificationVersion: "v4",
    provider: first.model.provider,
    modelId: members.map(({ member }) => member.modelId).join(","),
    supportedUrls: first.model.supportedUrls,
    async doGenerate(options) {
      const { answer, by } = await attempt(options, (model, bounded) => model.doGenerate(bounded));
      return { ...answer, providerMetadata: { ...answer.providerMetadata, ...metadataOf(by) } };
    },
    async doStream(options) {
      const { answer, by } = await attempt(options, (model, bounded) => model.doStream(bounded));
      const name = new TransformStream<StreamPart, StreamPart>({
        transform(part, controller) {
          controller.enqueue(part.type === "finish" ? { ...part, providerMetadata: { ...part.providerMetadata, ...metadataOf(by) } } : part);
        },
      });
      return { ...answer, stream: answer.stream.pipeThrough(name) };
    },
  };
}

/** Calls with a signal that also ends after the time; a stream that has begun is no longer timed. */
async function within<T>(ms: number, options: LanguageModelV4CallOptions, call: (options: LanguageModelV4CallOptions) => PromiseLike<T>): Promise<T> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new DOMException(`No answer within ${ms} ms.`, "TimeoutError")), ms);
  const signals = options.abortSignal === undefined ? [deadline.signal] : [deadline.signal, options.abortSignal];
  try {
    return await call({ ...options, abortSignal: AbortSignal.any(signals) });
  } finally {
    clearTimeout(timer);
  }
}

type StreamPart = Awaited<ReturnType<LanguageModelV4["doStream"]>>["stream"] extends ReadableStream<infer Part> ? Part : never;

function metadataOf({ provider, modelId, family }: ModelMember): SharedV4ProviderMetadata {
  return { [FACTORY_METADATA]: { provider, modelId, family } };
}

/** True for a failure of the server or the way to it, false for a fault of the request. */
export function isUnavailable(err: unknown): boolean {
  if (APICallError.isInstance(err)) return err.isRetryable;
  // What fetch throws when there is no connection: a TypeError in Node, a plain error in workerd.
  return err instanceof TypeError || (err instanceof Error && (err.name === "TimeoutError" || isLostConnection(err)));
}

/** workerd says of an error itself that a repetition may help; the wording is for errors that came through another isolate. */
function isLostConnection(err: Error): boolean {
  return Reflect.get(err, "retryable") === true || /^Network connection lost\b/.test(err.message);
}

/** Which member of a chain answered, from an answer's metadata; undefined when it does not say. */
export function answeredBy(metadata: { readonly [provider: string]: unknown } | undefined): ModelMember | undefined {
  const found = metadata?.[FACTORY_METADATA];
  return isMember(found) ? found : undefined;
}

function isMember(value: unknown): value is ModelMember {
  return typeof value === "object" && value !== null && "provider" in value && "modelId" in value && "family" in value;
}
