import { canonicalJson } from "@factory/schemas";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { FILES, SAID, aKey, aLog, aPackage, aPredicate, aStatement, anUnrunPredicate, digestsOf } from "../testing/evidence.ts";
import {
  absent,
  evidenceStatement,
  sealStatement,
  totalsOf,
  verifyEvidence,
  type EvidencePredicate,
  type EvidenceReport,
  type EvidenceStatement,
} from "./index.ts";

type Key = Awaited<ReturnType<typeof aKey>>;

let key: Key;
let otherKey: Key;
beforeAll(async () => {
  [key, otherKey] = await Promise.all([aKey(), aKey()]);
});

const lines = (events: readonly unknown[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join("");

/** The report on a statement that is sealed with the factory's own key. */
async function reportOn(statement: EvidenceStatement): Promise<EvidenceReport> {
  return verifyEvidence({ package: await sealStatement(statement, key.signer), keys: [key.publicKey] });
}

const faultOf = async (change: Partial<EvidencePredicate>) => (await reportOn(aStatement(aPredicate(change)))).fault;

describe("a package that nobody touched", () => {
  it("holds with its files and its log, and everything that was looked at is named in order", async () => {
    const { bytes, log } = await aPackage(key.signer);
    const report = await verifyEvidence({ package: bytes, keys: [otherKey.publicKey, key.publicKey], tree: digestsOf(), log: lines(log) });
    expect(report.fault).toBeNull();
    expect(report.holds).toBe(true);
    expect(report.held).toEqual([
      "envelope",
      "payload type",
      "key",
      "signature",
      "statement",
      "predicate",
      "chain",
      "consistency",
      "lineage",
      "subjects",
      "tree",
      "log",
    ]);
  });

  it("says what was not compared", async () => {
    const { bytes } = await aPackage(key.signer);
    expect(await verifyEvidence({ package: bytes, keys: [key.publicKey] })).toMatchObject({ holds: true, notCompared: ["tree", "log"] });
  });

  it("holds for a session that had no run and delivered nothing, with an empty folder", async () => {
    const statement = evidenceStatement([], anUnrunPredicate());
    const { bytes, log } = await aPackage(key.signer, statement, SAID.slice(0, 2));
    const report = await verifyEvidence({ package: bytes, keys: [key.publicKey], tree: new Map(), log: lines(log) });
    expect(report.fault).toBeNull();
    expect(await verifyEvidence({ package: bytes, keys: [key.publicKey], tree: new Map([["a.ts", "x"]]) })).toMatchObject({
      fault: { check: "tree", path: "a.ts" },
    });
  });

  it("is the same to the byte each time it is sealed", async () => {
    expect(await sealStatement(aStatement(), key.signer)).toEqual(await sealStatement(aStatement(), key.signer));
  });
});

describe("any change", () => {
  it("of one byte of the package, wherever it is and whatever it becomes, is found", async () => {
    const { bytes } = await aPackage(key.signer);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        const report = await verifyEvidence({ package: changed, keys: [key.publicKey] });
        expect(report.holds).toBe(false);
        expect(report.fault?.path).not.toBe("");
      }),
      { numRuns: 400 },
    );
  });

  it("of the lowest bit of each byte in turn is found", async () => {
    const { bytes } = await aPackage(key.signer);
    const unseen: number[] = [];
    for (const at of bytes.keys()) {
      const changed = bytes.with(at, (bytes[at] ?? 0) ^ 1);
      if ((await verifyEvidence({ package: changed, keys: [key.publicKey] })).holds) unseen.push(at);
    }
    expect(unseen).toEqual([]);
  });

  it("of the length of the package is found", async () => {
    const { bytes } = await aPackage(key.signer);
    for (const changed of [bytes.slice(0, -1), Uint8Array.of(...bytes, 10), Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes), new Uint8Array()]) {
      expect(await verifyEvidence({ package: changed, keys: [key.publicKey] })).toMatchObject({ holds: false, fault: { check: "envelope" } });
    }
  });

  it("of what it means, signed again with another key, is found, whether the key gives its own name or the factory's", async () => {
    const forged = await sealStatement(aStatement(aPredicate({ order: { title: "Another", digest: "a".repeat(64) } })), otherKey.signer);
    expect(await verifyEvidence({ package: forged, keys: [key.publicKey] })).toMatchObject({
      fault: { check: "key", path: "signatures[0].keyid" },
      statement: null,
    });
    const named = await sealStatement(aStatement(), { ...otherKey.signer, keyId: key.signer.keyId });
    expect(await verifyEvidence({ package: named, keys: [key.publicKey] })).toMatchObject({ fault: { check: "signature" }, statement: null });
  });

  it("of the payload under the old signature is found", async () => {
    const { bytes } = await aPackage(key.signer);
    const envelope = JSON.parse(new TextDecoder().decode(bytes)) as { payload: string; payloadType: string };
    const payload = btoa(atob(envelope.payload).replace('"failed":0', '"failed":1'));
    const changed = new TextEncoder().encode(canonicalJson({ ...envelope, payload }));
    expect(await verifyEvidence({ package: changed, keys: [key.publicKey] })).toMatchObject({ fault: { check: "signature" } });
    const typed = new TextEncoder().encode(canonicalJson({ ...envelope, payloadType: "text/plain" }));
    expect(await verifyEvidence({ package: typed, keys: [key.publicKey] })).toMatchObject({ fault: { check: "payload type" } });
  });

  it("of a file, a file less and a file more are found and named", async () => {
    const { bytes } = await aPackage(key.signer);
    const check = (tree: ReadonlyMap<string, string>) => verifyEvidence({ package: bytes, keys: [key.publicKey], tree });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...FILES.keys()), fc.nat(), fc.integer({ min: 1, max: 126 }), async (path, place, change) => {
        const text = FILES.get(path) ?? "";
        const at = place % text.length;
        const other = String.fromCharCode((text.charCodeAt(at) + change) % 127);
        const tree = digestsOf(new Map([...FILES, [path, text.slice(0, at) + other + text.slice(at + 1)]]));
        expect(await check(tree)).toMatchObject({ fault: { check: "tree", path } });
      }),
      { numRuns: 50 },
    );
    expect(await check(digestsOf(new Map([["README.md", "# Doubling\n"]])))).toMatchObject({ fault: { path: "src/double.ts", found: "no such file" } });
    expect(await check(digestsOf(new Map([...FILES, ["src/more.ts", ""]])))).toMatchObject({ fault: { path: "src/more.ts", found: "a file more" } });
  });

  it("of an event of the log is found at its line", async () => {
    const { bytes, log } = await aPackage(key.signer);
    const check = (events: readonly unknown[]) => verifyEvidence({ package: bytes, keys: [key.publicKey], log: lines(events) });
    for (const [index, event] of log.entries()) {
      const changed = log.with(index, { ...event, occurredAt: event.occurredAt + 1 });
      expect(await check(changed)).toMatchObject({ fault: { check: "log", path: `log line ${index + 1}, hash` } });
    }
    expect(await check(log.slice(1))).toMatchObject({ fault: { path: "log line 1, seq" } });
    expect(await check(log.slice(0, 3))).toMatchObject({ fault: { path: "log line 4", found: "the end of the log" } });
    expect(await check(["x"])).toMatchObject({ fault: { path: "log line 1" } });
    // Another log whose own hashes are right.
    expect(await check(aLog(SAID.toReversed()))).toMatchObject({ fault: { check: "log", path: "log line 1" } });
  });

  it("of what follows the sealed events is found", async () => {
    const { log } = await aPackage(key.signer);
    const other = await sealStatement(aStatement(aPredicate({ order: { title: "Other", digest: "b".repeat(64) } })), key.signer);
    const report = await verifyEvidence({ package: other, keys: [key.publicKey], log: lines(log) });
    expect(report.fault).toMatchObject({ check: "log", path: `log line ${SAID.length + 2}, evidenceDigest` });
  });
});

describe("a package of the older form", () => {
  it("is named as what it is and refused", async () => {
    const old = new TextEncoder().encode(canonicalJson({ schemaVersion: "1.0.0", session: { sessionId: "SES-1" }, chain: { events: 1, rootHash: "a" } }));
    const { fault } = await verifyEvidence({ package: old, keys: [key.publicKey] });
    expect(fault).toMatchObject({ check: "envelope", found: expect.stringContaining("older form, which is plain JSON and not signed") });
  });
});

/** Edits by somebody who has the factory's key: the package must still agree with itself. */
describe("a package that contradicts itself", () => {
  const base = aPredicate();
  const { chain, lineage, run, session, totals } = base;
  const checks = base.checks as Exclude<EvidencePredicate["checks"], { absent: string }>;
  const claims = base.claims as Exclude<EvidencePredicate["claims"], { absent: string }>;
  const beads = base.beads as Exclude<EvidencePredicate["beads"], { absent: string }>;
  const verdict = run as Exclude<EvidencePredicate["run"], { absent: string }>;
  const NOTHING = absent("no hidden example was run");
  const atFirst = { ...checks[1], checkId: "CHK-0", exit: "failed", tree: "earlier" } as (typeof checks)[number];
  const first = {
    cycle: 0,
    checks: { passed: 4, failed: 0 },
    holdouts: { passed: 1, failed: 1 },
    holdoutsByClaim: [{ claimId: "C-1", passed: 1, failed: 1 }],
    overfit: { visibleRate: 1, holdoutRate: 0.5, gap: 0.5, interval: { low: 0.0945, high: 0.9055 } },
  };
  const late = { visibleRate: 1, holdoutRate: 1, gap: 0, interval: { low: 0.3424, high: 1 } };
  const failing = checks.map((check, index) => (index === 0 ? { ...check, exit: "failed" as const } : check));

  it.each<[string, Partial<EvidencePredicate>, string, string]>([
    ["a chain that counts otherwise", { chain: { ...chain, count: 5 } }, "chain", "predicate.chain.count"],
    ["a chain with a gap", { chain: { ...chain, count: 5, events: chain.events.filter(([seq]) => seq !== 2) } }, "chain", "predicate.chain.events[1][0]"],
    ["another root", { chain: { ...chain, root: "0".repeat(64) } }, "chain", "predicate.chain.root"],
    ["another configuration", { configuration: { ...base.configuration, digest: "0".repeat(64) } }, "consistency", "predicate.configuration.digest"],
    ["totals that do not add up", { totals: { ...totals, costUsd: 0 } }, "consistency", "predicate.totals.costUsd"],
    ["a gate report less", { gates: [] }, "consistency", "predicate.gates"],
    ["a model call less", { modelCalls: [] }, "consistency", "predicate.modelCalls"],
    [
      "COMPLETED with a failed required check",
      { checks: failing, claims: [{ ...claims[0], proofs: ["CHK-2"] } as never] },
      "consistency",
      "predicate.checks[0].exit",
    ],
    ["a claim that passed on a failed check", { checks: failing }, "consistency", "predicate.claims[0].verdict"],
    ["a claim whose proof is not there", { claims: claims.map((claim) => ({ ...claim, proofs: ["CHK-9"] })) }, "consistency", "predicate.claims[0].proofs[0]"],
    ["a claim that passed without a proof", { claims: claims.map((claim) => ({ ...claim, proofs: [] })) }, "consistency", "predicate.claims[0].verdict"],
    [
      "a criterion that nobody judged",
      { claims: claims.map((claim) => ({ ...claim, verdict: "not judged" as const })) },
      "consistency",
      "predicate.claims[0].verdict",
    ],
    [
      "a person who decided without a review",
      { claims: claims.map((claim) => ({ ...claim, verdict: "decided by a person" as const })) },
      "consistency",
      "predicate.claims[0].verdict",
    ],
    ["holdouts that passed without one", { claims: claims.map((claim) => ({ ...claim, proofs: ["CHK-1"] })) }, "consistency", "predicate.claims[0].holdouts"],
    ["COMPLETED without a run", { run: absent("why") }, "consistency", "predicate.run"],
    ["COMPLETED with a run that failed", { run: { ...verdict, outcome: "failed" } }, "consistency", "predicate.run.outcome"],
    ["COMPLETED with failed holdouts", { run: { ...verdict, holdouts: { passed: 1, failed: 1 } } }, "consistency", "predicate.run.holdouts.failed"],
    [
      "a holdout rate without hidden examples",
      { run: { ...verdict, holdouts: absent("none was run"), overfit: { visibleRate: 1, holdoutRate: 1, gap: 0, interval: { low: 1, high: 1 } } } },
      "consistency",
      "predicate.run.overfit",
    ],
    [
      "a narrower interval than its holdouts give",
      { run: { ...verdict, overfit: { visibleRate: 1, holdoutRate: 1, gap: 0, interval: { low: 0.9, high: 1 } } } },
      "consistency",
      "predicate.run.overfit",
    ],
    [
      "a first verdict with another gap",
      { run: { ...verdict, firstVerdict: { ...first, overfit: late } } },
      "consistency",
      "predicate.run.firstVerdict.overfit",
    ],
    [
      "a first verdict that is more than its claims give",
      { run: { ...verdict, firstVerdict: { ...first, holdouts: { passed: 2, failed: 0 }, overfit: late } } },
      "consistency",
      "predicate.run.firstVerdict.holdouts",
    ],
    [
      "a first verdict that passed where the first hidden check failed",
      {
        checks: [atFirst, ...checks],
        run: {
          ...verdict,
          firstVerdict: { ...first, holdouts: { passed: 2, failed: 0 }, holdoutsByClaim: [{ claimId: "C-1", passed: 2, failed: 0 }], overfit: late },
        },
      },
      "consistency",
      "predicate.run.firstVerdict.holdoutsByClaim",
    ],
    [
      "a first verdict that leaves out what was hidden",
      { run: { ...verdict, firstVerdict: { ...first, holdouts: NOTHING, holdoutsByClaim: [], overfit: NOTHING } } },
      "consistency",
      "predicate.run.firstVerdict.holdoutsByClaim",
    ],
    ["COMPLETED with a bead that failed", { beads: beads.map((bead) => ({ ...bead, state: "FAILED" as const })) }, "consistency", "predicate.beads[0].state"],
    ["FAILED with a deliverable", { session: { ...session, outcome: "FAILED" } }, "consistency", "predicate.deliverable"],
    ["a run's beads without a run", { session: { ...session, runId: absent("why") } }, "consistency", "predicate.beads"],
    ["an edge whose end is nowhere", { lineage: { ...lineage, external: [] } }, "lineage", "predicate.lineage.edges[1][2]"],
    ["a node that is external too", { lineage: { ...lineage, external: ["KST-1", "SIG-1"] } }, "lineage", "predicate.lineage.external[1]"],
    ["another tree", { deliverable: { treeDigest: "0".repeat(64), files: 2, bytes: 64 } }, "subjects", "predicate.deliverable.treeDigest"],
    ["another number of files", { deliverable: { treeDigest: "0".repeat(64), files: 3, bytes: 64 } }, "subjects", "predicate.deliverable.files"],
  ])("has %s", async (_name, change, check, path) => {
    expect(await faultOf(change)).toMatchObject({ check, path });
  });

  it("is accepted with the rates its run gives, and without any, as it was sealed before rates were reported", async () => {
    expect(await faultOf({ run: { ...verdict, overfit: { visibleRate: 1, holdoutRate: 1, gap: 0, interval: { low: 0.3424, high: 1 } } } })).toBeNull();
    expect(await faultOf({ run: verdict })).toBeNull();
  });

  it("is accepted with the first verdict its hidden checks give, and where it was not kept", async () => {
    expect(await faultOf({ checks: [atFirst, ...checks], run: { ...verdict, firstVerdict: first } })).toBeNull();
    const again = { ...first, holdouts: { passed: 2, failed: 0 }, holdoutsByClaim: [{ claimId: "C-1", passed: 2, failed: 0 }], overfit: late };
    expect(await faultOf({ run: { ...verdict, firstVerdict: again } })).toBeNull();
    expect(await faultOf({ run: { ...verdict, firstVerdict: absent("it was not kept") } })).toBeNull();
  });

  it("is accepted where a check failed first and passed when it ran again on the same tree", async () => {
    const earlier = { ...failing[0], checkId: "CHK-0" } as (typeof checks)[number];
    expect(await faultOf({ checks: [earlier, ...checks] })).toBeNull();
    expect(await faultOf({ checks: [...checks, earlier] })).toMatchObject({ path: "predicate.checks[2].exit" });
  });

  it("may have no subject but the log where nothing was delivered", async () => {
    const report = await reportOn({ ...aStatement(), predicate: anUnrunPredicate() });
    expect(report.fault).toMatchObject({ check: "subjects", path: "subject" });
  });

  it("names the place of what does not conform to the schema", async () => {
    const wrong = { ...base, totals: { ...totals, events: "many" }, chain } as unknown as EvidencePredicate;
    expect((await reportOn(aStatement(wrong))).fault).toMatchObject({ check: "predicate", path: "predicate.totals.events", found: "many" });
    const other = { ...aStatement(), predicateType: "https://slsa.dev/provenance/v1" } as unknown as EvidenceStatement;
    expect((await reportOn(other)).fault).toMatchObject({ check: "statement", path: "predicateType" });
  });
});

describe("what is not known", () => {
  it("hazard: absent rendered as zero - a sum with an unknown part is absent and a zero in its place does not hold", async () => {
    const modelCalls = aPredicate().modelCalls.map((call) => ({ ...call, costUsd: absent("the price of the model is not known") }));
    const honest = aPredicate({ modelCalls });
    expect(honest.totals.costUsd).toEqual({ absent: "the price of 1 of 1 model calls is not known" });
    expect((await reportOn(aStatement(honest))).fault).toBeNull();
    expect(await faultOf({ modelCalls, totals: { ...honest.totals, costUsd: 0 } })).toMatchObject({ path: "predicate.totals.costUsd" });
  });

  it("hazard: absent rendered as zero - empty lists in the place of absent ones do not hold in a session without a run", async () => {
    const unrun = anUnrunPredicate();
    const empty = { ...unrun, beads: [], checks: [] };
    const report = await reportOn(evidenceStatement([], { ...empty, totals: totalsOf(empty) }));
    expect(report.fault).toMatchObject({ check: "consistency", path: "predicate.beads", expected: "absent, for the session has no run" });
  });
});
