/**
 * Clearance: the record without which no bead of a run is handed out. Mediation writes it when it seeds, from a person's
 * approval or, in `auto`, from the policy decision; the coordinator's dispatch gate reads it.
 */
import { z } from "zod";
import { idSchema } from "./ids.ts";

/** How long a clearance counts, in milliseconds: four hours. */
export const CLEARANCE_TTL_MS = 4 * 60 * 60_000;

/** How many more items a run may have than were asked for. */
export const CLEARANCE_HEADROOM = 2;

/** Where work is orchestrated; a clearance for another surface is none. */
export const ORCHESTRATION_SURFACE = "factory-coordinator";

/** The thirteen fields, each of which has to be there. */
export const clearance = z.strictObject({
  /** When it was written, RFC 3339 UTC; it counts for {@link CLEARANCE_TTL_MS} from then. */
  timestamp: z.iso.datetime({ offset: true }),
  sessionId: idSchema("SES"),
  assembly: z.string().min(1).max(64),
  /** The specification that was read: its id. */
  specificationRead: idSchema("SPEC"),
  /** SHA-256 of the deployment notes that were read, of the empty text where the order has none. */
  deploymentNotesRead: z.string().regex(/^[0-9a-f]{64}$/),
  /** One line: where the work will run and what is delivered. */
  deploymentSummary: z.string().min(1).max(1_000),
  /** How many items were asked for: the beads of the approved work graph, or what a person has raised it to. */
  askedFor: z.number().int().positive(),
  /** Beads that are cleared by name; what is added later counts against the ceiling. */
  approvedSubTasks: z.array(idSchema("BEAD")).min(1),
  /** `askedFor` + {@link CLEARANCE_HEADROOM}. */
  ceiling: z.number().int().positive(),
  /** Teams whose beads may be handed out. */
  approvedTeams: z.array(z.string().min(1)).min(1),
  orchestrationSurface: z.string().min(1),
  /** True when a bead that only reads (research) is in the run: such a bead needs a schema for every tool it may call. */
  toolContractRequired: z.boolean(),
  clearanceId: idSchema("CLE"),
});
export type Clearance = z.infer<typeof clearance>;

/** Why the dispatch gate hands nothing out: each its own code of the error registry. */
export const DISPATCH_BLOCKS = [
  "DISPATCH_NO_SESSION",
  "DISPATCH_NO_CLEARANCE",
  "DISPATCH_STALE_CLEARANCE",
  "DISPATCH_MISSING_FIELD",
  "DISPATCH_CEILING_EXCEEDED",
  "DISPATCH_NO_TOOL_CONTRACT",
  "DISPATCH_MALFORMED",
] as const;
export type DispatchBlock = (typeof DISPATCH_BLOCKS)[number];

/** The names of the thirteen fields, in the order of {@link clearance}. */
export const CLEARANCE_FIELDS = Object.keys(clearance.shape);

/** What tells research from other work: whether a bead is an outcome bead, and what it may write. */
type ReadingBead = { readonly outcome: boolean; readonly directive: { readonly fileScope: { readonly write: readonly string[] } } };

/** Whether a bead is research: it may write nothing. An outcome bead is none; the coordinator judges it itself, without tools. */
export function isResearch({ outcome, directive }: ReadingBead): boolean {
  return !outcome && directive.fileScope.write.length === 0;
}
