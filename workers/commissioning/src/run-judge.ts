/** The one semantic look at a run, by a judge of another model family than the coder's. */
import { TerminalError } from "@factory/durable";
import { MAX_REVIEWED_CHARS, runReviewPrompt, runReviewSchema, runReviewSystem } from "@factory/planning";
import type { RunReview } from "@factory/planning";
import { blobKey, sha256Hex } from "@factory/schemas";
import type { Tree } from "@factory/schemas";
import type { RunReport } from "@factory/schemas/rpc";
import pMap from "p-map";
import type { SessionContext } from "./context.ts";
import { askJudge } from "./judge.ts";
import type { Judgement } from "./judge.ts";
import { currentClaims } from "./proof.ts";

/** Alias that writes the code. */
const CODER_ALIAS = "factory/coder";
/** The platform's limit of connections that one invocation has open at once. */
const AT_ONCE = { concurrency: 6 } as const;

type FinishedRun = Extract<RunReport, { outcome: "accepted" | "failed" }>;

/**
 * Has a judge look at the code of an accepted run, on clean runs too: checks see only what they execute.
 *
 * @throws RetryableError when the graph did not answer, or the judge and it may still be asked; TerminalError when a file of the tree is gone.
 */
export async function judgeRun(context: SessionContext, { tree, runVerdictId }: FinishedRun, signal: AbortSignal): Promise<Judgement<RunReview>> {
  const choice = context.deps.judgeOf(CODER_ALIAS);
  if (!choice.ok) return { kind: "not-judged", reason: choice.reason };
  const [claims, files] = [await currentClaims(context), await sourceFiles(context, tree)];
  const chars = [...files.values()].reduce((sum, text) => sum + text.length, 0);
  if (chars > MAX_REVIEWED_CHARS)
    return { kind: "not-judged", reason: `not judged: the code has ${chars} characters, more than ${MAX_REVIEWED_CHARS} that are shown at once` };
  if (files.size === 0) return { kind: "not-judged", reason: "not judged: there is no source file to look at" };
  const question = {
    purpose: "review-run",
    system: runReviewSystem(),
    prompt: runReviewPrompt({ claims, files }),
    schema: runReviewSchema({ claims, files }),
    signal,
  };
  return askJudge(context, CODER_ALIAS, question, runVerdictId);
}

async function sourceFiles({ deps }: SessionContext, tree: Tree): Promise<Map<string, string>> {
  const sources = Object.entries(tree).filter(([path]) => path.startsWith("src/"));
  const read = await pMap(
    sources,
    async ([path, digest]): Promise<[string, string]> => {
      const bytes = await deps.blobs.get(blobKey.content(digest));
      if (bytes === null || sha256Hex(bytes) !== digest) throw new TerminalError(`The stored bytes of ${path} are not those of the accepted tree.`);
      return [path, new TextDecoder().decode(bytes)];
    },
    AT_ONCE,
  );
  return new Map(read);
}
