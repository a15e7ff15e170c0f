/** Clearances for the tests of every room that seeds a run or asks for one. Each call gives a fresh value. */
import { CLEARANCE_HEADROOM, ORCHESTRATION_SURFACE, contentId, idSchema, sha256Hex } from "@factory/schemas";
import type { Clearance } from "@factory/schemas";
import type { BeadSeed, ClearanceBasis, SeedRequest } from "@factory/schemas/rpc";

/** What a clearance is about. */
export type ClearedRun = Pick<SeedRequest, "org" | "sessionId" | "assembly" | "specificationId"> & {
  readonly beads: readonly Pick<BeadSeed, "beadId" | "outcome" | "directive">[];
};

/**
 * A sound clearance of a run, with as many items asked for as it has beads unless the test says otherwise.
 *
 * @param writtenAt - epoch milliseconds, by the clock of the coordinator under test
 * @param fields - what is particular to it; the ceiling follows from `askedFor`
 */
export function aClearance({ org, beads, ...run }: ClearedRun, writtenAt: number, fields: Partial<Clearance> = {}): Clearance {
  const askedFor = fields.askedFor ?? beads.length;
  return {
    timestamp: new Date(writtenAt).toISOString(),
    sessionId: idSchema("SES").parse(run.sessionId),
    assembly: run.assembly,
    specificationRead: idSchema("SPEC").parse(run.specificationId),
    deploymentNotesRead: sha256Hex(""),
    deploymentSummary: "TypeScript for tests.",
    askedFor,
    approvedSubTasks: beads.map(({ beadId }) => idSchema("BEAD").parse(beadId)),
    ceiling: askedFor + CLEARANCE_HEADROOM,
    approvedTeams: [...new Set(beads.map(({ directive }) => directive.team))],
    orchestrationSurface: ORCHESTRATION_SURFACE,
    toolContractRequired: beads.some(({ outcome, directive }) => !outcome && directive.fileScope.write.length === 0),
    clearanceId: contentId("CLE", { kind: "ClearanceRecord", org, content: { writtenAt, askedFor, sessionId: run.sessionId }, parents: [] }),
    ...fields,
  };
}

/** The same run with a sound clearance in its seed. */
export function cleared(seed: SeedRequest, writtenAt: number, fields: Partial<Clearance> = {}): SeedRequest {
  return { ...seed, clearance: aClearance(seed, writtenAt, fields) };
}

/** What a session gives mediation to write a clearance on. */
export function aClearanceBasis(fields: Partial<ClearanceBasis> = {}): ClearanceBasis {
  return {
    approvedBy: "person",
    approver: "ann",
    approvalId: "APR-00000000000000000000000001",
    policy: { decisionId: sha256Hex("decision"), policies: ["dispatch-of-approved-work"], policySet: sha256Hex("policies") },
    ...fields,
  };
}
