/**
 * Cassettes: what a model answered once, so that the same questions can be asked again without it. An answer is found by
 * the hash of its question, never by its place: another question has no answer.
 */
import { UnsupportedFunctionalityError, type LanguageModelV4, type LanguageModelV4CallOptions, type LanguageModelV4GenerateResult } from "@ai-sdk/provider";
import { digestOf, FactoryError } from "@factory/schemas";
import { wrapLanguageModel, type LanguageModelMiddleware } from "ai";
import { z } from "zod";
import { answeredBy, FACTORY_METADATA } from "./fallback.ts";
import { MODEL_ALIASES, type ModelAlias, type ModelMember, type ResolvedModel } from "./registry.ts";

/** Largest cassette that is read, in UTF-16 units: some thousand answers of the size a plan has. */
export const MAX_CASSETTE_CHARS = 16_000_000;

const count = z.number().int().nonnegative();
const member = z.strictObject({ provider: z.enum(["offline", "openai"]), modelId: z.string().min(1), family: z.string().min(1) });

const recordedAnswer = z.strictObject({
  /** Digest of the question: alias, prompt, response format and tools. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  alias: z.enum(MODEL_ALIASES),
  by: member,
  text: z.string(),
  finishReason: z.enum(["stop", "length", "content-filter", "tool-calls", "error", "interrupted", "other"]),
  /** Tokens as the server counted them; absent where it did not say. */
  inputTokens: count.optional(),
  outputTokens: count.optional(),
  /** How long the model took. */
  durationMs: count,
});

/** One answer of a model with what is known of the call. */
export type RecordedAnswer = z.infer<typeof recordedAnswer>;

const cassetteFile = z.strictObject({ format: z.literal("factory-cassette"), version: z.literal(1), answers: z.array(recordedAnswer) });

/** Answers by the hash of their question. */
export class Cassette {
  readonly #answers: Map<string, RecordedAnswer>;

  constructor(answers: Iterable<RecordedAnswer> = []) {
    this.#answers = new Map([...answers].map((answer) => [answer.key, answer]));
  }

  /**
   * Reads the text of a cassette's file.
   *
   * @throws FactoryError INVALID_ARGUMENT when it is none, or is too large; the message says what is wrong.
   */
  static parse(text: string): Cassette {
    if (text.length > MAX_CASSETTE_CHARS) throw new FactoryError("INVALID_ARGUMENT", `A cassette has at most ${MAX_CASSETTE_CHARS} characters.`);
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (err) {
      throw new FactoryError("INVALID_ARGUMENT", `A cassette is JSON: ${err instanceof Error ? err.message : String(err)}`);
    }
    const parsed = cassetteFile.safeParse(json);
    if (!parsed.success) throw new FactoryError("INVALID_ARGUMENT", `This is no cassette. ${z.prettifyError(parsed.error)}`);
    return new Cassette(parsed.data.answers);
  }

  /** Number of answers. */
  get size(): number {
    return this.#answers.size;
  }

  /** The models that have answered for an alias, by name. */
  members(alias: ModelAlias): readonly ModelMember[] {
    const found = [...this.#answers.values()].filter((answer) => answer.alias === alias).map(({ by }) => [by.modelId, by] as const);
    return [...new Map(found).values()].sort((a, b) => (a.modelId < b.modelId ? -1 : 1));
  }

  answer(key: string): RecordedAnswer | undefined {
    return this.#answers.get(key);
  }

  /** Keeps an answer; a later one to the same question takes its place. */
  keep(answer: RecordedAnswer): void {
    this.#answers.set(answer.key, answer);
  }

  /** The text of its file: the same answers give the same bytes. */
  serialize(): string {
    const answers = [...this.#answers.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return `${JSON.stringify({ format: "factory-cassette", version: 1, answers }, null, 2)}\n`;
  }
}

/** Digest of what the model behind an alias is asked: what it may spend and how often it is tried do not belong to it. */
export function questionKey(alias: ModelAlias, { prompt, responseFormat, tools, toolChoice }: LanguageModelV4CallOptions): string {
  // Absent and undefined are the same question; JSON leaves both out.
  return digestOf(JSON.parse(JSON.stringify({ alias, prompt, responseFormat, tools, toolChoice })));
}

/**
 * The model behind an alias as a cassette knows it: nobody is asked and nothing is configured.
 *
 * Its calls fail with FactoryError MODEL_CONFIG for a question that is not on the cassette.
 *
 * @param onAnswer - told of each answer as it is given
 */
export function playing(alias: ModelAlias, cassette: Cassette, onAnswer: (answer: RecordedAnswer) => void = () => undefined): ResolvedModel {
  const middleware: LanguageModelMiddleware = {
    specificationVersion: "v4",
    wrapGenerate: async ({ params }) => {
      const found = cassette.answer(questionKey(alias, params));
      if (found === undefined) {
        throw new FactoryError(
          "MODEL_CONFIG",
          `The cassette has no answer of ${alias} to this question. Record it again: the order has changed, or what is asked of models.`,
        );
      }
      onAnswer(found);
      return resultOf(found);
    },
    wrapStream: refuseStream,
  };
  return { alias, model: wrapLanguageModel({ model: NOBODY, middleware }), members: cassette.members(alias), prices: [] };
}

/** A model whose answers are kept on a cassette; a call that fails or calls a tool leaves nothing there. */
export function recording(resolved: ResolvedModel, cassette: Cassette, now: () => number = Date.now): ResolvedModel {
  const middleware: LanguageModelMiddleware = {
    specificationVersion: "v4",
    wrapGenerate: async ({ params, doGenerate }) => {
      const startedAt = now();
      const result = await doGenerate();
      const answer = recordOf(resolved, questionKey(resolved.alias, params), result, now() - startedAt);
      if (answer !== undefined) cassette.keep(answer);
      return result;
    },
    wrapStream: refuseStream,
  };
  return { ...resolved, model: wrapLanguageModel({ model: resolved.model, middleware }) };
}

/** Stands where a middleware wants a model that it never asks. */
const NOBODY: LanguageModelV4 = {
  specificationVersion: "v4",
  provider: "cassette",
  modelId: "cassette",
  supportedUrls: {},
  doGenerate: async () => {
    throw new TypeError("Nobody is behind a cassette.");
  },
  doStream: async () => {
    throw new TypeError("Nobody is behind a cassette.");
  },
};

const refuseStream: NonNullable<LanguageModelMiddleware["wrapStream"]> = async () => {
  throw new UnsupportedFunctionalityError({ functionality: "streams on a cassette" });
};

/** Undefined for an answer that is not text alone: a cassette holds none of it. */
function recordOf(
  { alias, members: [first] }: ResolvedModel,
  key: string,
  { content, finishReason, usage, providerMetadata }: LanguageModelV4GenerateResult,
  durationMs: number,
): RecordedAnswer | undefined {
  const by: ModelMember | undefined = answeredBy(providerMetadata) ?? first;
  const texts = content.flatMap((part) => (part.type === "text" ? [part.text] : []));
  if (by === undefined || content.some(({ type }) => type === "tool-call")) return undefined;
  const { total: inputTokens } = usage.inputTokens;
  const { total: outputTokens } = usage.outputTokens;
  return {
    key,
    alias,
    by,
    text: texts.join(""),
    finishReason: finishReason.unified,
    ...(inputTokens === undefined ? {} : { inputTokens }),
    ...(outputTokens === undefined ? {} : { outputTokens }),
    durationMs: Math.max(0, Math.round(durationMs)),
  };
}

function resultOf({ by, text, finishReason, inputTokens, outputTokens }: RecordedAnswer): LanguageModelV4GenerateResult {
  return {
    content: [{ type: "text", text }],
    finishReason: { unified: finishReason, raw: undefined },
    usage: {
      inputTokens: { total: inputTokens, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: outputTokens, text: undefined, reasoning: undefined },
    },
    providerMetadata: { [FACTORY_METADATA]: by },
    warnings: [],
  };
}
