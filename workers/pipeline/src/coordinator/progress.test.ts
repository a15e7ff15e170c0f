import { describe, expect, test } from "vitest";
import type { CheckJob, CheckReport } from "@factory/schemas";
import type { ClaimedBead } from "@factory/schemas/rpc";
import { aSeed, complete, failure, writing } from "../testing/builders.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { LEASE_TTL_MS } from "./leases.ts";

const ATTEMPTS = 5;

/** A run of one coder with attempts to spare; each number after FAIL in its file is a visible example that fails. */
async function aRun(name: string): Promise<CoordinatorWorld> {
  const world = new CoordinatorWorld();
  world.answer = failingByNumber;
  await world.seed(aSeed({ name, beads: [{ key: "a", maxAttempts: ATTEMPTS }] }));
  return world;
}

function failingByNumber(job: CheckJob): CheckReport {
  const source = job.files["src/a.ts"] ?? "";
  const failing = new Set((/FAIL([\d ]*)/.exec(source)?.[1] ?? "").trim().split(/ +/));
  const tests =
    job.task.kind === "tests"
      ? job.task.files.flatMap((file) =>
          [...(job.files[file] ?? "").matchAll(/^test\((".*?"), /gm)].map((match, index) => {
            const test = { file, name: JSON.parse(match[1] ?? '""') as string, durationMs: 1 };
            return failing.has(String(index + 1))
              ? { ...test, state: "failed" as const, message: "expected 1 to be 2" }
              : { ...test, state: "passed" as const };
          }),
        )
      : [];
  return { jobId: job.jobId, ok: tests.every(({ state }) => state === "passed"), tests, diagnostics: [], console: "", droppedOutput: 0, durationMs: 1 };
}

/** Makes attempts one after the other, each with its file's content, and answers the last verdict. */
async function attempt(world: CoordinatorWorld, ...contents: readonly string[]) {
  let verdict: Awaited<ReturnType<CoordinatorWorld["exchange"]>>["verdicts"][number] | undefined;
  for (const content of contents) {
    const bead = await world.claim();
    ({
      verdicts: [verdict],
    } = await world.exchange(0, [complete(bead, [await writing(world.blobs, bead, "src/a.ts", content)])], 0));
    await world.pass(LEASE_TTL_MS);
  }
  return verdict;
}

const endOf = (world: CoordinatorWorld) => world.eventsOf("BEAD_FAILED").at(-1);

describe("hazard: spend needs evidence of progress - a bead that changes nothing", () => {
  test("twice in a row is stopped although attempts are left, and its divergence says what did not change", async () => {
    const world = await aRun("same");
    expect(await attempt(world, "FAIL 1 2")).toMatchObject({ state: "READY" });
    expect(await attempt(world, "FAIL 1 2")).toMatchObject({ state: "FAILED" });
    const reason = endOf(world)?.reason ?? "";
    expect(endOf(world)).toMatchObject({ errorCode: "NO_PROGRESS", attempt: 2 });
    for (const said of [
      "2 attempts in a row",
      "no further check passes",
      "no further claim is covered",
      "no fewer failures (",
      "exactly what the attempt before it left",
    ]) {
      expect(reason).toContain(said);
    }
    expect(world.reports).toMatchObject([{ outcome: "diverged", divergence: { divergenceType: "atom-failure", claimId: "C-1" } }]);
  });

  test("is stopped too when its change sets differ and bring nothing", async () => {
    const world = await aRun("other");
    expect(await attempt(world, "FAIL 1 2", "FAIL 1 2 again")).toMatchObject({ state: "FAILED" });
    expect(endOf(world)?.reason).toContain("its change set differs and brought nothing");
  });

  test("is stopped when failures grow or move, which is no progress", async () => {
    const world = await aRun("moved");
    expect(await attempt(world, "FAIL 1", "FAIL 2")).toMatchObject({ state: "FAILED" });
  });

  test("is stopped when it brings nothing back that could be checked", async () => {
    const world = await aRun("nothing");
    for (const state of ["READY", "FAILED"]) {
      const bead = await world.claim();
      const { verdicts } = await world.exchange(0, [failure(bead, "quality", "MODEL_OUTPUT_INVALID")], 0);
      expect(verdicts).toMatchObject([{ state }]);
      await world.pass(LEASE_TTL_MS);
    }
    expect(endOf(world)?.reason).toContain("no check passed and none was left to fail");
  });

  test("goes on while fewer examples fail each time", async () => {
    const world = await aRun("fewer");
    expect(await attempt(world, "FAIL 1 2", "FAIL 2")).toMatchObject({ state: "READY" });
    expect(await attempt(world, "fine")).toMatchObject({ state: "DONE" });
  });

  test("is stopped after two attempts that are no better than the best before them", async () => {
    const world = await aRun("best");
    expect(await attempt(world, "FAIL 1 2 3", "FAIL 1", "FAIL 1 2")).toMatchObject({ state: "READY" });
    expect(await attempt(world, "FAIL 1 2")).toMatchObject({ state: "FAILED" });
    expect(endOf(world)).toMatchObject({ errorCode: "NO_PROGRESS", attempt: 4 });
  });

  test("is remembered over a restart of the object", async () => {
    const world = await aRun("restart");
    await attempt(world, "FAIL 1");
    await world.restart();
    expect(await attempt(world, "FAIL 1")).toMatchObject({ state: "FAILED" });
  });

  test("begins anew when an amendment re-opens it", async () => {
    const seed = aSeed({ name: "reopened", beads: [{ key: "a", maxAttempts: ATTEMPTS }] });
    const world = new CoordinatorWorld();
    world.answer = failingByNumber;
    await world.seed(seed);
    await attempt(world, "FAIL 1", "FAIL 1");
    const { specificationId, claims, beads } = seed;
    await world.coordinator.reopen("r", { amendmentId: "AMD-1", specificationId, directives: [], claims, beadIds: [beads[0]?.beadId ?? ""] });
    await world.settle();
    expect(await attempt(world, "FAIL 1")).toMatchObject({ state: "READY" });
    expect(await attempt(world, "fine")).toMatchObject({ state: "DONE" });
  });
});

describe("hazard: infra failure never burns a quality attempt - nor does it count as an attempt without progress", () => {
  test.each<[string, (world: CoordinatorWorld, bead: ClaimedBead) => Promise<unknown>]>([
    ["a provider that does not answer", (world, bead) => world.exchange(0, [failure(bead, "provider", "MODEL_UNAVAILABLE")], 0)],
    ["an infrastructure that fails", (world, bead) => world.exchange(0, [failure(bead, "infrastructure", "UNAVAILABLE")], 0)],
    ["a knowing-state that moved", (world, bead) => world.exchange(0, [failure(bead, "stale", "STALE_TARGET")], 0)],
    ["a lease that expired", (world) => world.pass(LEASE_TTL_MS + 1)],
  ])("%s", async (_, fault) => {
    const world = await aRun("faults");
    await attempt(world, "FAIL 1 2");
    for (let times = 0; times < 3; times++) {
      await fault(world, await world.claim());
      await world.pass(10 * 60_000);
    }
    expect(await attempt(world, "FAIL 1")).toMatchObject({ state: "READY" });
    expect(await attempt(world, "FAIL 1")).toMatchObject({ state: "READY" });
    expect(await attempt(world, "FAIL 1")).toMatchObject({ state: "FAILED" });
    expect(endOf(world)).toMatchObject({ errorCode: "NO_PROGRESS", attempt: 4 });
  });
});
