/**
 * `pnpm bench:pipeline`: one session of 50 beads, three times, on a platform with empty state, and the sandbox alone.
 * Prints one JSON object: orchestration overhead per bead (what is left of a bead's time without model and checks),
 * events appended per second, isolate runs.
 */
import { submitAndFollow } from "@factory/cli";
import { DEFAULT_CHECK_LIMITS, SANDBOX_CHECK_PATH, checkReport, type CheckJob } from "@factory/schemas";
import { SessionEventKind, type SessionEvent } from "@factory/schemas/proto";
import { functionsFor, generatedOrder } from "../lib/generated-order.ts";
import { startSandbox, type SandboxHandle } from "../platform/sandbox-supervisor.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

const RUNS = 3;
const { functions: FUNCTIONS } = functionsFor(50);
const ISOLATE_RUNS = 200;

type SessionFigures = {
  readonly beads: number;
  readonly events: number;
  readonly sessionMs: number;
  readonly executionMs: number;
  readonly modelMs: number;
  readonly checkMs: number;
  readonly overheadMsPerBead: number;
  readonly eventsPerSecond: number;
};

const timeOf = ({ occurredAt }: SessionEvent): number => Number(occurredAt?.seconds ?? 0n) * 1000 + (occurredAt?.nanos ?? 0) / 1e6;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const round = (value: number): number => Math.round(value * 100) / 100;

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function session(platform: TestPlatform): Promise<SessionFigures> {
  const events: SessionEvent[] = [];
  const started = performance.now();
  const view = await submitAndFollow(platform.client, await platform.requestText(generatedOrder(FUNCTIONS)), { onEvent: (event) => events.push(event) });
  const sessionMs = performance.now() - started;
  if (view.terminal?.outcome !== "COMPLETED") throw new Error(`The session ended ${view.terminal?.outcome}: ${view.terminal?.reason}`);
  const at = (kind: SessionEventKind): number => timeOf(events.find((event) => event.kind === kind) ?? fail(kind));
  const executionMs = at(SessionEventKind.EXECUTION_COMPLETE) - at(SessionEventKind.COMPILATION_COMPLETE);
  const beadIds = new Set(view.beads.keys());
  const modelMs = sum(events.flatMap(({ payload }) => (payload.case === "modelCall" && payload.value.beadId !== undefined ? [payload.value.durationMs] : [])));
  const checkMs = sum(events.flatMap(({ payload }) => (payload.case === "verification" ? [Number(payload.value.details?.["checkMs"] ?? 0)] : [])));
  const beadMs = sum(
    events.flatMap(({ payload, kind }) => (payload.case === "bead" && kind === SessionEventKind.BEAD_RELEASED ? [payload.value.durationMs ?? 0] : [])),
  );
  return {
    beads: beadIds.size,
    events: events.length,
    sessionMs: round(sessionMs),
    executionMs: round(executionMs),
    modelMs: round(modelMs),
    checkMs: round(checkMs),
    overheadMsPerBead: round((beadMs - modelMs - checkMs) / beadIds.size),
    eventsPerSecond: round(events.length / (sessionMs / 1000)),
  };
}

function fail(kind: SessionEventKind): never {
  throw new Error(`The log has no ${SessionEventKind[kind]}.`);
}

function job(index: number): CheckJob {
  return {
    jobId: `bench-${index}`,
    files: {
      "src/add.ts": `export function add(a: number, b: number): number {\n  return a + b + ${index} - ${index};\n}\n`,
      "tests/add.test.ts":
        'import { expect, it } from "vitest";\nimport { add } from "../src/add.ts";\nit("adds", () => {\n  expect(add(1, 2)).toStrictEqual(3);\n});\n',
    },
    task: { kind: "tests", files: ["tests/add.test.ts"] },
    limits: DEFAULT_CHECK_LIMITS,
  };
}

async function isolateRuns(sandbox: SandboxHandle, jobAt: (index: number) => CheckJob): Promise<{ p50Ms: number; p99Ms: number }> {
  const times: number[] = [];
  for (let index = 0; index < ISOLATE_RUNS; index++) {
    const started = performance.now();
    const response = await sandbox.dispatch(new Request(`http://sandbox${SANDBOX_CHECK_PATH}`, { method: "POST", body: JSON.stringify(jobAt(index)) }));
    const report = checkReport.parse(await response.json());
    if (!report.ok) throw new Error(`A benchmark check failed: ${JSON.stringify(report)}`);
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  return { p50Ms: round(percentile(times, 0.5)), p99Ms: round(percentile(times, 0.99)) };
}

async function main(): Promise<void> {
  const sandbox = await startSandbox();
  const isolates = await (async () => {
    try {
      await isolateRuns(sandbox, () => job(0));
      return { newCode: await isolateRuns(sandbox, job), sameCode: await isolateRuns(sandbox, () => job(0)) };
    } finally {
      await sandbox.stop();
    }
  })();
  const platform = await startTestPlatform();
  const sessions: SessionFigures[] = [];
  try {
    for (let index = 0; index < RUNS; index++) sessions.push(await session(platform));
  } finally {
    await platform.dispose();
  }
  const median = (read: (figures: SessionFigures) => number): number =>
    percentile(
      sessions.map(read).sort((a, b) => a - b),
      0.5,
    );
  console.log(
    JSON.stringify(
      {
        bench: "pipeline",
        node: process.version,
        overheadMsPerBead: median((figures) => figures.overheadMsPerBead),
        eventsPerSecond: median((figures) => figures.eventsPerSecond),
        sessionMs: median((figures) => figures.sessionMs),
        isolates,
        sessions,
      },
      null,
      2,
    ),
  );
}

await main();
