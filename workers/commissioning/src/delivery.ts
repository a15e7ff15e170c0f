/** The deliverable: the accepted tree, the order's examples as tests, and a README that says what proves it. */
import { RetryableError, TerminalError } from "@factory/durable";
import { markdownText } from "@factory/governance/untrusted-text";
import { blobKey, canonicalJson, digestOf, functionFile, functionFiles, sha256Hex } from "@factory/schemas";
import type { Tree, WorkOrder } from "@factory/schemas";
import { renderExampleTests } from "@factory/verification";
import { overfitText } from "@factory/verification/evidence";
import type { RunReport } from "@factory/schemas/rpc";
import pMap from "p-map";
import type { SessionContext } from "./context.ts";
import { endWith } from "./context.ts";
import { currentClaims, proofsOf } from "./proof.ts";
import type { ClaimProof } from "./proof.ts";
import { acceptedRun } from "./run-reports.ts";

/** The platform's limit of connections that one invocation has open at once. */
const AT_ONCE = { concurrency: 6 } as const;
/** POSIX mode bits of a delivered file. */
const FILE_MODE = 0o644;

/** One file of a manifest. */
type ManifestFile = { readonly path: string; readonly mode: number; readonly digest: string; readonly bytes: number };

/**
 * Stores the files and their manifest, then decides that the session completes. Everything is named by its content, so a
 * repeat after a crash stores the same again.
 *
 * @throws RetryableError when the coordinator or the graph did not answer, TerminalError when a file of the tree is gone.
 */
export async function runDelivery(context: SessionContext): Promise<void> {
  const { store, deps } = context;
  const { org, sessionId, runId, personClaims } = store.requireSession();
  const request = store.request();
  const run = acceptedRun(context);
  const record = runId === null ? null : await deps.coordinator(org, runId).record();
  if (record === null) throw new RetryableError("The coordinator has no record of the run.");
  const claims = await currentClaims(context);
  const proofs = proofsOf(claims, record, personClaims, personApproved(context));
  const files = await storeFiles(context, run.tree, [
    ...exampleTests(request.order, run.tree, functionFiles(claims)),
    { path: "README.md", text: deliverableReadme(request.order, proofs, run) },
  ]);
  const treeDigest = digestOf(Object.fromEntries(files.map(({ path, digest }) => [path, digest])));
  await deps.blobs.put(blobKey.deliverable(org, sessionId), new TextEncoder().encode(canonicalJson({ sessionId, treeDigest, files })));
  store.transaction(() => {
    if (store.requireSession().ending !== null) return;
    store.patch({ deliverable: { treeDigest, files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) } }, deps.now());
    endWith(context, { state: "COMPLETED", reason: `"${request.order.title}" is delivered in ${files.length} files.` });
  });
}

/** True when a person accepted what no executed check decides. */
export function personApproved({ store }: SessionContext): boolean {
  return store.closedReviews("acceptance").some(({ decision }) => decision === "approved");
}

/**
 * Every example of the order, hidden ones included, as one test file a function; a file of the tree is never replaced.
 *
 * @param fileOf - the file each function is in, as the claims say: `functionFiles(claims)`
 */
export function exampleTests(order: WorkOrder, tree: Tree, fileOf: (functionName: string) => string): { readonly path: string; readonly text: string }[] {
  return order.functions.flatMap(({ name }) => {
    const examples = order.examples.filter(({ functionName }) => functionName === name);
    if (examples.length === 0) return [];
    const source = fileOf(name);
    const base = functionFile(name).slice("src/".length, -".ts".length);
    const path = Object.hasOwn(tree, `tests/${base}.test.ts`) ? `tests/${base}.examples.test.ts` : `tests/${base}.test.ts`;
    const module = Object.hasOwn(tree, source) ? `../${source.replace(/\.tsx?$/, "")}` : "../src/index";
    return [{ path, text: renderExampleTests({ functionName: name, module, examples, freezeArguments: false }) }];
  });
}

async function storeFiles(context: SessionContext, tree: Tree, added: readonly { readonly path: string; readonly text: string }[]): Promise<ManifestFile[]> {
  const { blobs } = context.deps;
  const addedPaths = new Set(added.map(({ path }) => path));
  const ofTree = Object.entries(tree).filter(([path]) => !addedPaths.has(path));
  const kept = await pMap(
    ofTree,
    async ([path, digest]): Promise<ManifestFile> => {
      const bytes = await blobs.get(blobKey.content(digest));
      if (bytes === null || sha256Hex(bytes) !== digest) throw new TerminalError(`The stored bytes of ${path} are not those of the accepted tree.`);
      return { path, mode: FILE_MODE, digest, bytes: bytes.length };
    },
    AT_ONCE,
  );
  const stored = await pMap(
    added,
    async ({ path, text }): Promise<ManifestFile> => {
      const bytes = new TextEncoder().encode(text);
      const digest = sha256Hex(bytes);
      await blobs.put(blobKey.content(digest), bytes);
      return { path, mode: FILE_MODE, digest, bytes: bytes.length };
    },
    AT_ONCE,
  );
  return [...kept, ...stored].sort((a, b) => (a.path < b.path ? -1 : 1));
}

type FinishedRun = Extract<RunReport, { outcome: "accepted" | "failed" }>;

/** What was asked and what proves it. */
export function deliverableReadme(order: WorkOrder, proofs: readonly ClaimProof[], run: Pick<FinishedRun, "checks" | "holdouts" | "firstVerdict">): string {
  return [
    `# ${markdownText(order.title)}`,
    "",
    markdownText(order.goal === "" ? order.problem : order.goal),
    "",
    "## What was asked, and what proves it",
    "",
    "| claim | what | verdict | executed checks | hidden examples |",
    "|---|---|---|---|---|",
    ...proofs.map(proofRow),
    "",
    `${run.checks.passed} checks passed, ${run.checks.failed} failed. Hidden examples: ${hiddenText(run.holdouts)}.`,
    overfitText(run.firstVerdict, run),
    "",
    "## Contents",
    "",
    "- `src/`: the code; `src/index.ts` exports every function",
    "- `tests/`: the order's examples, those that were hidden while the code was written included; run them with vitest",
    "- `evidence.json`: the sealed evidence package; it commits to the event log, the lineage, every check and this tree",
    "",
    "## Verify it",
    "",
    "`npx factory verify evidence.json --tree .` checks, offline, that the package is signed by the factory, that it agrees with itself and that",
    "these files are the delivered ones; the first thing that does not hold is named. The factory's public keys are at",
    "`/.well-known/factory-evidence-keys.json` of its gateway: give them with `--key FILE`, or `--key -` for standard input.",
    "",
    ...(order.outOfScope.length === 0 ? [] : ["## Out of scope", "", ...order.outOfScope.map(({ text }) => `- ${markdownText(text)}`), ""]),
  ].join("\n");
}

function hiddenText({ passed, failed }: FinishedRun["holdouts"]): string {
  return passed + failed === 0 ? "absent" : `${passed} passed, ${failed} failed`;
}

function proofRow({ claimId, text, verdict, checks, holdouts }: ClaimProof): string {
  const executed = checks.filter(({ holdout }) => !holdout).map(({ kind, ok }) => `${kind}: ${ok ? "passed" : "failed"}`);
  const hidden = holdouts.status === "absent" ? "absent" : `${holdouts.count} ${holdouts.status}`;
  return `| ${claimId} | ${markdownText(text)} | ${verdict} | ${markdownText([...new Set(executed)].join(", ") || "none")} | ${hidden} |`;
}
