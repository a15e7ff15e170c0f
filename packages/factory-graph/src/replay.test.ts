import { RetryableError } from "@factory/durable";
import { artifactNode, sha256Hex } from "@factory/schemas";
import type { ArtifactNode, Claim, SuccessCheck, Tree } from "@factory/schemas";
import type { StoredNode } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { replay } from "./replay.ts";
import type { ReplayCase } from "./replay.ts";
import { aClaim, anExample, Assembly, ORG } from "./testing/assembly.ts";
import { ProcessSandbox } from "./testing/process-sandbox.ts";

const RIGHT = "export const double = (n: number): number => 2 * n;\n";
/** Right for what is visible, wrong for what is hidden. */
const OVERFIT = "export const double = (n: number): number => (n < 15 ? 2 * n : 0);\n";
const WRONG = "export const double = (n: number): number => n;\n";

/** A directive, the trace of its execution, and a tree with one file. */
class Bench {
  readonly assembly = new Assembly();
  readonly sandbox = new ProcessSandbox();
  readonly files = new Map<string, string>();
  tries = 0;

  replay(
    code: string,
    of: {
      readonly claims?: readonly Claim[];
      readonly reveals?: boolean;
      readonly check?: SuccessCheck;
      readonly trace?: { readonly [key: string]: unknown };
      readonly divergence?: Partial<ReplayCase["divergence"]>;
      readonly further?: readonly ArtifactNode[];
    } = {},
  ) {
    this.files.set(sha256Hex(code), code);
    const tree: Tree = { "src/double.ts": sha256Hex(code) };
    const check = of.check ?? { kind: "examples", claim: "C-1" };
    const directive = artifactNode("DIR", "AtomDirective", ORG, { successCheck: check, fileScope: { read: ["**"], write: ["src/double.ts"] } }, []);
    this.assembly.graph.append([directive, ...(of.further ?? [])], []);
    const failed = { kind: "examples", ok: false, holdout: true, claimId: "C-1" };
    const trace: Pick<StoredNode, "data" | "parents"> = { data: of.trace ?? { checks: [failed], firings: [] }, parents: [directive.id] };
    return replay(
      {
        graph: this.assembly.port,
        sandbox: this.sandbox,
        readTree: async (asked) => new Map(Object.entries(asked).map(([path, digest]) => [path, this.files.get(digest) ?? ""])),
        mayTryAgain: () => ++this.tries < 3,
      },
      {
        divergence: {
          divergenceType: "run-verdict-failure",
          status: "COMPLETE",
          role: "coder",
          claimId: "C-1",
          failedTree: tree,
          ...of.divergence,
        },
        trace,
        claims: of.claims ?? [aClaim()],
        reveals: of.reveals ?? false,
      },
    );
  }
}

/** The claim once line 15 is visible. */
const REVEALED = [aClaim({ visible: [11, 12, 13, 14, 15].map((line) => anExample(line)), holdout: [anExample(16)] })];

describe("a result that failed hidden examples", () => {
  test("still fails under the visible checks once one of them is revealed", async () => {
    expect(await new Bench().replay(OVERFIT, { claims: REVEALED, reveals: true })).toMatchObject({
      outcome: "passed",
      detail: expect.stringContaining("visible"),
    });
  });

  test("that what is revealed does not show is an amendment that would make it pass", async () => {
    expect(await new Bench().replay(OVERFIT, { reveals: true })).toMatchObject({ outcome: "failed", detail: expect.stringContaining("would pass") });
  });

  test("still fails under the hidden examples where only the criterion is told", async () => {
    expect(await new Bench().replay(OVERFIT)).toMatchObject({ outcome: "passed", detail: expect.stringContaining("hidden") });
  });

  test("that passes everything by now would be made to pass", async () => {
    expect(await new Bench().replay(RIGHT)).toMatchObject({ outcome: "failed", detail: "The failed result would pass." });
  });
});

describe("a result that failed where it was visible", () => {
  const trace = { checks: [{ kind: "examples", ok: false, holdout: false, claimId: "C-1" }], firings: [] };
  const divergence = { divergenceType: "atom-failure" } as const;

  test("still fails, and the hidden examples are not run", async () => {
    const bench = new Bench();
    expect(await bench.replay(WRONG, { trace, divergence })).toMatchObject({ outcome: "passed" });
    expect(bench.sandbox.jobs).toHaveLength(1);
  });

  test("for a constraint whose detector fired is looked at by that detector", async () => {
    const constraint = aClaim({ claimId: "C-2", kind: "constraint", text: "No imports.", visible: [], holdout: [] });
    const invariant = artifactNode("INV", "Invariant", ORG, { claimId: "C-2", statement: "No imports.", detector: "no-imports" }, []);
    const fired = {
      checks: [{ kind: "detector", ok: false, holdout: false, claimId: "C-2" }],
      firings: [{ invariantId: invariant.id, claimId: "C-2", message: "src/double.ts:1 imports" }],
    };
    const of = { claims: [aClaim(), constraint], trace: fired, divergence: { ...divergence, claimId: "C-2" }, further: [invariant] };
    expect(await new Bench().replay(`import "node:fs";\n${RIGHT}`, of)).toMatchObject({ outcome: "passed" });
    expect(await new Bench().replay(RIGHT, of)).toMatchObject({ outcome: "failed" });
  });

  test("for a check of the whole counts only that kind of check", async () => {
    const whole = { checks: [{ kind: "file-exists", ok: false, holdout: false }], firings: [] };
    const of = { trace: whole, divergence, check: { kind: "all", checks: [{ kind: "file-exists", path: "src/index.ts" }] } satisfies SuccessCheck };
    expect(await new Bench().replay(RIGHT, of)).toMatchObject({ outcome: "passed" });
  });
});

describe("a case without a judged result", () => {
  test.each([
    ["the agent stopped", { status: "BLOCKED" }],
    ["the surroundings failed", { status: "ERROR" }],
    ["a person rejected it", { divergenceType: "approval-rejected" }],
  ] as const)("because %s has nothing to replay", async (_, divergence) => {
    const bench = new Bench();
    expect(await bench.replay(RIGHT, { divergence })).toBeNull();
    expect(bench.sandbox.jobs).toEqual([]);
  });

  test("because no check decides the claim, or the trace does not say, is unscored", async () => {
    const bare = aClaim({ visible: [], holdout: [] });
    const trace = { checks: [], firings: [] };
    expect(await new Bench().replay(RIGHT, { claims: [bare], trace, check: { kind: "file-exists", path: "src/double.ts" } })).toMatchObject({
      outcome: "unscored",
    });
    expect(await new Bench().replay(RIGHT, { trace: {} })).toMatchObject({ outcome: "unscored" });
  });
});

describe("a sandbox that does not answer", () => {
  test("is asked again later, and after the bound the case is unscored", async () => {
    const bench = new Bench();
    bench.sandbox.outages = 9;
    await expect(bench.replay(OVERFIT)).rejects.toBeInstanceOf(RetryableError);
    await expect(bench.replay(OVERFIT)).rejects.toBeInstanceOf(RetryableError);
    expect(await bench.replay(OVERFIT)).toMatchObject({ outcome: "unscored", detail: expect.stringContaining("nobody is there") });
  });

  test("and answers the next time decides as if nothing had been", async () => {
    const bench = new Bench();
    bench.sandbox.outages = 1;
    await expect(bench.replay(OVERFIT)).rejects.toBeInstanceOf(RetryableError);
    expect(await bench.replay(OVERFIT)).toMatchObject({ outcome: "passed" });
  });
});
