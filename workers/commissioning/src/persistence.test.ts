import { artifactNode, blobKey, sha256Hex } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SOURCE_PATIENCE_MS } from "./persistence.ts";
import { persistenceReport } from "./persistence-report.ts";
import type { PersistenceFacts } from "./persistence-report.ts";
import { anAcceptedRun, aRecord, aRequest, CODE, ORG, RUN_ID } from "./testing/builders.ts";
import { commissioned, Surroundings } from "./testing/surroundings.ts";

const MINUTE_MS = 60_000;
const NOW_MS = 1_000 * MINUTE_MS;
const detector = { claimId: "C-2", detector: "no-imports", violationImpact: "high", lastRunAt: NOW_MS - MINUTE_MS } as const;
const facts: PersistenceFacts = {
  now: NOW_MS,
  detectors: [detector],
  sources: [{ source: "session log", problems: [], detail: "9 events" }],
  trails: [{ trail: "events", expected: 9, observed: 9, missing: [] }],
};
const failed = (change: Partial<PersistenceFacts>) =>
  persistenceReport({ ...facts, ...change }, "EVD-1")
    .checked.filter(({ outcome }) => outcome === "FAIL")
    .map(({ check, detail }) => `${check}: ${detail}`);

describe("the persistence report", () => {
  test("passes what is fresh, alive and whole", () => {
    expect(persistenceReport(facts, "EVD-1")).toMatchObject({ gate: "persistence", outcome: "PASS", subjectId: "EVD-1", remediation: [], notChecked: [] });
  });

  test.each([
    ["high", 15],
    ["medium", 60],
    ["low", 24 * 60],
  ] as const)("of an impact that is %s lets a detector's report count for %i minutes, and not a moment longer", (violationImpact, limit) => {
    const run = { ...detector, violationImpact };
    expect(failed({ detectors: [{ ...run, lastRunAt: NOW_MS - limit * MINUTE_MS }] })).toEqual([]);
    expect(failed({ detectors: [{ ...run, lastRunAt: NOW_MS - limit * MINUTE_MS - 1 }] })).toEqual([
      expect.stringContaining("detector fresh: no-imports of C-2"),
    ]);
  });

  test("takes the threshold an invariant states", () => {
    expect(failed({ detectors: [{ ...detector, freshForMs: 1_000 }] })).toEqual([expect.stringContaining("of 1 s")]);
  });

  test.each([
    ["a detector that never reported", { detectors: [{ ...detector, lastRunAt: null }] }, "no report of it is known"],
    ["a source that lacks something", { sources: [{ source: "blobs", problems: ["src/a.ts is gone"], detail: "" }] }, "src/a.ts is gone"],
    ["rows that are missing", { trails: [{ trail: "artifacts", expected: 4, observed: 3, missing: ["VR-1"] }] }, "25 % apart"],
    ["rows nobody told of", { trails: [{ trail: "events", expected: 9, observed: 10, missing: [] }] }, "9 expected, 10 observed"],
    ["an empty trail", { trails: [{ trail: "events", expected: 0, observed: 0, missing: [] }] }, "0 expected"],
    ["nothing to look at", { sources: [], trails: [] }, "0 evidence sources"],
  ])("refuses %s and says so", (_, change, said) => {
    expect(failed(change)).toEqual([expect.stringContaining(said)]);
    expect(persistenceReport({ ...facts, ...change }, "EVD-1").remediation).toHaveLength(1);
  });

  test("leaves what a person watches unchecked, never passed", () => {
    const report = persistenceReport({ ...facts, detectors: [{ ...detector, detector: "person", lastRunAt: null }] }, "EVD-1");
    expect(report.notChecked.map(({ check }) => check)).toEqual(["detector of C-2", "detectors fresh"]);
    expect(report.outcome).toBe("PASS");
  });

  test("passes exactly when every part does", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 30 })),
        fc.array(fc.boolean(), { minLength: 1 }),
        fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })), { minLength: 1 }),
        (ages, sound, rows) => {
          const { outcome } = persistenceReport(
            {
              now: NOW_MS,
              detectors: ages.map((age) => ({ ...detector, lastRunAt: NOW_MS - age * MINUTE_MS })),
              sources: sound.map((ok, at) => ({ source: `${at}`, problems: ok ? [] : ["gone"], detail: "" })),
              trails: rows.map(([expected, observed], at) => ({ trail: `${at}`, expected, observed, missing: [] })),
            },
            "EVD-1",
          );
          const holds = ages.every((age) => age <= 15) && sound.every(Boolean) && rows.every(([expected, observed]) => expected === observed && expected > 0);
          expect(outcome).toBe(holds ? "PASS" : "FAIL");
        },
      ),
    );
  });
});

describe("the persistence gate", () => {
  const { sessionId } = aRequest();
  const reports = (world: Surroundings) => {
    const evidence = world.of("SESSION_COMPLETED")[0]?.finalArtifactId ?? "";
    const { out } = world.graph.edgesOf(evidence);
    return out.filter(({ rel }) => rel === "gate_result").map(({ target }) => world.graph.get(target)?.data);
  };
  const checks = (world: Surroundings, outcome: "PASS" | "FAIL") => {
    const [report] = reports(world) as { readonly checked: readonly { readonly check: string; readonly outcome: string; readonly detail: string }[] }[];
    return (report?.checked ?? []).filter((one) => one.outcome === outcome).map(({ check, detail }) => `${check}: ${detail}`);
  };

  /** A session up to its run's acceptance; `before` may disturb what its delivery finds. */
  async function delivered(before: (world: Surroundings) => void | Promise<void> = () => undefined, world = new Surroundings()): Promise<Surroundings> {
    await commissioned(world, aRequest());
    await world.compiled();
    await before(world);
    await world.report(`accepted:${RUN_ID}`, { kind: "run", report: anAcceptedRun() });
    // The gate comes too early once: the terminal event is on its way.
    await world.later(MINUTE_MS);
    return world;
  }

  test("writes its report to the artifact graph, and nothing to the log that is closed", async () => {
    const world = await delivered();
    expect(world.kinds.at(-1)).toBe("SESSION_COMPLETED");
    expect(reports(world)).toMatchObject([{ gate: "persistence", outcome: "PASS" }]);
    expect(checks(world, "PASS").map((line) => line.split(":")[0])).toEqual(expect.arrayContaining(["evidence source alive", "audit rows equal"]));
    expect(world.of("VERIFICATION_PRODUCED").some(({ verificationType }) => verificationType === "PERSISTENCE")).toBe(false);
  });

  test("looks at the age of each detector's last report", async () => {
    const invariantOf = (violationImpact: "high" | "low", at: number) =>
      delivered((world) => {
        const specificationId = world.session.store.requireSession().specificationId ?? "";
        const data = {
          claimId: "C-2",
          statement: "No imports.",
          detector: "no-imports",
          matched: ["imports"],
          violationImpact,
          evidenceSource: "checks",
          regressionPolicy: "watch",
        };
        const node = artifactNode("INV", "Invariant", ORG, data, [specificationId]);
        world.graph.append([node], [{ source: node.id, rel: "derived_from", target: specificationId }]);
        const [check] = aRecord().checks;
        if (check === undefined) throw new Error("The record has a check.");
        world.record = aRecord({ checks: [...aRecord().checks, { ...check, checkId: "CHK-9", kind: "detector", command: `detector:${node.id}` }] });
        const verified = {
          verificationId: "VR-F",
          verificationType: "FIDELITY",
          outcome: "PASS",
          subjectId: check.beadId,
          summary: "ok",
          failedCriteria: [],
        } as const;
        world.sessionLog.append(sessionId, [
          { eventId: "EVT-INV", kind: "ARTIFACT_WRITTEN", occurredAt: 1, payload: { artifactId: node.id, artifactType: "Invariant", edges: [] } },
          { eventId: "EVT-F", kind: "VERIFICATION_PRODUCED", occurredAt: world.clock.now() - at, payload: { ...verified, failedCriteria: [] } },
        ]);
      });
    expect(checks(await invariantOf("high", MINUTE_MS), "PASS")).toContainEqual(expect.stringContaining("detector fresh: no-imports of C-2"));
    expect(checks(await invariantOf("high", 20 * MINUTE_MS), "FAIL")).toEqual([expect.stringContaining("detector fresh: no-imports of C-2")]);
    expect(checks(await invariantOf("low", 20 * MINUTE_MS), "FAIL")).toEqual([]);
  });

  test("finds an artifact that was told of and is not in the graph", async () => {
    const world = await delivered((one) => {
      const payload = { artifactId: "VR-GONE", artifactType: "VerificationReport", edges: [] };
      one.sessionLog.append(sessionId, [{ eventId: "EVT-GONE", kind: "ARTIFACT_WRITTEN", occurredAt: 1, payload }]);
    });
    expect(world.kinds.at(-1)).toBe("SESSION_COMPLETED");
    expect(reports(world)).toMatchObject([{ outcome: "FAIL" }]);
    expect(checks(world, "FAIL")).toEqual([expect.stringContaining("missing: VR-GONE")]);
  });

  test("finds a delivered file that is gone", async () => {
    const world = new Surroundings();
    const code = blobKey.content(sha256Hex(CODE));
    const { get, delete: remove } = world.blobs;
    let gone = false;
    world.blobs.get = (key) => {
      gone ||= world.kinds.includes("SESSION_COMPLETED");
      if (gone) remove.call(world.blobs, code);
      return get.call(world.blobs, key);
    };
    await delivered(undefined, world);
    expect(checks(world, "FAIL")).toEqual([expect.stringContaining("src/double.ts is gone")]);
  });

  test("is repeated until it is written, and written once, although the object goes away in between", async () => {
    const world = new Surroundings();
    await commissioned(world, aRequest());
    await world.compiled();
    await world.session.report(`accepted:${RUN_ID}`, { kind: "run", report: anAcceptedRun() });
    while (!world.kinds.includes("SESSION_COMPLETED") && (await world.tick()));
    for (let life = 0; life < 3; life++) {
      world.restart();
      await world.tick();
    }
    for (let wait = 0; wait < 5; wait++) await world.later(5 * MINUTE_MS);
    expect(reports(world)).toMatchObject([{ outcome: "PASS" }]);
  });

  test("never holds up the end of a session, and says in the end that a source does not answer", async () => {
    const world = new Surroundings();
    const { record } = world;
    let ended = false;
    Object.defineProperty(world, "record", {
      get: () => {
        ended ||= world.kinds.includes("SESSION_COMPLETED");
        if (ended) throw new Error("The coordinator is not there.");
        return record;
      },
    });
    await delivered(undefined, world);
    expect(world.kinds.at(-1)).toBe("SESSION_COMPLETED");
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED", reason: expect.not.stringContaining("Waiting") });
    expect(reports(world)).toEqual([]);
    await world.later(SOURCE_PATIENCE_MS + MINUTE_MS);
    expect(checks(world, "FAIL")).toEqual([expect.stringContaining("evidence source alive: coordinator: it does not answer")]);
  });

  test("is not taken where nothing was delivered", async () => {
    const world = await commissioned(new Surroundings(), aRequest());
    await world.session.cancel("enough", aRequest().principal);
    await world.compiled();
    await world.later(MINUTE_MS);
    expect(world.kinds.at(-1)).toBe("SESSION_CANCELLED");
    const evidence = world.of("SESSION_CANCELLED")[0]?.finalArtifactId ?? "";
    expect(world.graph.edgesOf(evidence).out.filter(({ rel }) => rel === "gate_result")).toEqual([]);
  });
});
