/** A run of any size for benchmarks and cost tests: chains of coders that each write one file, and an outcome bead behind them. */
import type { SeedRequest } from "@factory/schemas/rpc";
import { aDirective, aRun } from "./builders.ts";
import { ORG } from "./builders.ts";
import { ASSEMBLY } from "./lineage.ts";
import { beadIdOf, contentId } from "@factory/schemas";

/** The file that a bead of the run writes. */
export function wideFile(title: string): string {
  return `src/${title}.ts`;
}

/**
 * A run of so many beads. Its checks are decided by the coordinator itself, so that nothing but the coordinator is in its cost.
 *
 * @param width - chains: beads that are READY at the start
 */
export function aWideSeed(name: string, beads: number, width: number, slots: number): SeedRequest {
  const run = aRun(name);
  const id = <P extends "ATOM" | "MOL" | "WG">(prefix: P, key: string) => contentId(prefix, { kind: "Wide", org: ORG, content: { name, key }, parents: [] });
  const moleculeId = id("MOL", "all");
  const coders = beads - 1;
  const atoms = Array.from({ length: coders }, (_, index) => id("ATOM", `unit${index}`));
  const beadIds = atoms.map((atomId) => beadIdOf(ORG, run.runId, atomId));
  const parentOf = (index: number): { beadId: string; required: boolean }[] => {
    const beadId = beadIds[index];
    return beadId === undefined ? [] : [{ beadId, required: true }];
  };
  const last = id("ATOM", "outcome");
  return {
    org: ORG,
    ...run,
    workOrderId: "WO-1",
    assembly: ASSEMBLY,
    workGraphId: id("WG", "wide"),
    slots,
    priority: "normal",
    budgetUsd: null,
    baseTree: {},
    typesRequired: false,
    claims: [{ claimId: "C-1", kind: "criterion", text: "every unit is there", line: 1, visible: [], holdout: [], testFiles: [] }],
    invariants: [],
    beads: [
      ...atoms.map((atomId, index) => {
        const title = `unit${index}`;
        const path = wideFile(title);
        return {
          beadId: beadIdOf(ORG, run.runId, atomId),
          atomId,
          moleculeId,
          role: "coder" as const,
          title,
          outcome: false,
          directive: aDirective(run.runId, title, "coder", {
            atomId,
            fileScope: { read: [], write: [path] },
            successCheck: { kind: "file-exists", path },
          }),
          dependsOn: parentOf(index - width),
        };
      }),
      {
        beadId: beadIdOf(ORG, run.runId, last),
        atomId: last,
        moleculeId,
        role: "verifier:outcome" as const,
        title: "outcome",
        outcome: true,
        directive: aDirective(run.runId, "outcome", "verifier:outcome", {
          atomId: last,
          fileScope: { read: ["**"], write: [] },
          successCheck: { kind: "file-exists", path: wideFile("unit0") },
          retryPolicy: { maxAttempts: 1, backoffMs: 0 },
        }),
        dependsOn: beadIds.slice(-Math.min(width, coders)).map((beadId) => ({ beadId, required: true })),
      },
    ],
  };
}
