/**
 * `pnpm bench:policy`: decisions of the policy engine in workerd, by the bundle a deploy uses. Prints one JSON object: how long the
 * first answer takes, decisions a second in one isolate, and p50 and p99 of one decision and of a submission's questions, asked over
 * a service binding as other Workers ask.
 */
import { fileURLToPath } from "node:url";
import { POLICY_SOURCE } from "@factory/governance/pdp";
import { REVIEW_MATTERS } from "@factory/schemas";
import type { PolicyDecision, PolicyRequest } from "@factory/schemas/rpc";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { buildWorker, miniflareWorker } from "../platform/build.ts";
import { COMPATIBILITY_DATE } from "./bench-worker.ts";

const WARM_UP_CALLS = 200;
const CALLS = 2_000;
const BATCH_DECISIONS = 5_000;
const BATCHES = 5;

const SUBMISSION: PolicyRequest = {
  principal: { id: "alice", kind: "api-key", org: "acme", person: "alice", roles: ["operator"], scopes: ["session:read", "session:submit", "session:control"] },
  action: "SubmitSession",
  resource: { type: "Session", org: "acme", id: "SES-00000000000000000000000001", assembly: "shop" },
  context: { operation: "factory.v1.FactoryGateway/SubmitSession", reviewMode: "auto", suspended: false, budgetCents: 2_500 },
};
const REVIEWS = REVIEW_MATTERS.map((matter): PolicyRequest => ({
  ...SUBMISSION,
  principal: { ...SUBMISSION.principal, roles: ["approver"], scopes: ["review:decide"] },
  action: "DecideReview",
  context: { ...SUBMISSION.context, matter },
}));

/** Asks as another Worker does. Time passes in it at each answer of the binding, so it measures whole calls. */
const ASKER = `import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  async fetch(request) {
    const { requests, calls } = await request.json();
    const times = [];
    let last;
    for (let call = 0; call < calls; call += 1) {
      const startedAt = performance.now();
      last = await this.env.GOVERNANCE.decide(requests);
      times.push(performance.now() - startedAt);
    }
    return Response.json({ times, last: last.map(({ allowed, approvals }) => ({ allowed, approvals })) });
  }
}`;

type Asked = { readonly times: readonly number[]; readonly last: readonly Pick<PolicyDecision, "allowed" | "approvals">[] };

async function startAsker(): Promise<{ ask(requests: readonly PolicyRequest[], calls: number): Promise<Asked>; stop(): Promise<void> }> {
  const governance = miniflareWorker(await buildWorker("governance"));
  // Alone: what decisions do not need of its neighbours is left out.
  const alone = { ...governance, durableObjects: {}, serviceBindings: {} };
  const asker = {
    name: "asker",
    compatibilityDate: COMPATIBILITY_DATE,
    modules: [{ type: "ESModule" as const, path: fileURLToPath(new URL("asker.js", import.meta.url)), contents: ASKER }],
    modulesRoot: fileURLToPath(new URL(".", import.meta.url)),
    serviceBindings: { GOVERNANCE: "factory-governance" },
  };
  const miniflare = new Miniflare(convertV4MiniflareOptions({ host: "127.0.0.1", port: 0, cf: false, telemetry: { enabled: false }, workers: [asker, alone] }));
  const url = await miniflare.ready;
  return {
    ask: async (requests, calls) => {
      const response = await fetch(url, { method: "POST", body: JSON.stringify({ requests, calls }) });
      if (!response.ok) throw new Error(`The asker failed: ${await response.text()}`);
      return (await response.json()) as Asked;
    },
    stop: () => miniflare.dispose(),
  };
}

/** The clock of a Worker moves in whole milliseconds; the mean is exact, the quantiles are to that. */
function figures(times: readonly number[]): { readonly meanMs: number; readonly p50Ms: number; readonly p99Ms: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return { meanMs: rounded(mean), p50Ms: rounded(at(0.5)), p99Ms: rounded(at(0.99)) };
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** Everything that was asked has to be allowed: a denial would be measured too, and be another thing. */
function mustAllow({ last }: Asked): void {
  if (last.length === 0 || !last.every(({ allowed }) => allowed)) throw new Error("The policies deny what the benchmark asks.");
}

async function main(): Promise<void> {
  const asker = await startAsker();
  try {
    const startedAt = performance.now();
    mustAllow(await asker.ask([SUBMISSION], 1));
    const firstAnswerMs = performance.now() - startedAt;
    await asker.ask([SUBMISSION], WARM_UP_CALLS);
    const one = await asker.ask([SUBMISSION], CALLS);
    const submission = await asker.ask([SUBMISSION, ...REVIEWS], CALLS / 10);
    mustAllow(one);
    mustAllow(submission);
    const batch = Array.from({ length: BATCH_DECISIONS }, () => SUBMISSION);
    const rates: number[] = [];
    for (let run = 0; run < BATCHES; run += 1) {
      const { times } = await asker.ask(batch, 1);
      rates.push(BATCH_DECISIONS / ((times[0] ?? Number.NaN) / 1_000));
    }
    const report = {
      bench: "policy",
      node: process.version,
      policyFiles: POLICY_SOURCE.files.length,
      firstAnswerMs: Math.round(firstAnswerMs),
      decisionsPerSecond: Math.round(Math.max(...rates)),
      oneDecision: figures(one.times),
      submission: { decisions: 1 + REVIEWS.length, ...figures(submission.times) },
    };
    console.log(JSON.stringify(report, null, 2));
  } finally {
    await asker.stop();
  }
}

await main();
