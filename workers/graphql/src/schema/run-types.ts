/** Fields of a run's graph and of its files. */
import { RUN_FILE_STATUSES, statusOf } from "../reads/run-files.ts";
import { LISTED_ROWS } from "./connection.ts";
import { RunEdgeKindEnum, RunFileStatusEnum } from "./enums.ts";
import * as refs from "./refs.ts";

refs.RunGraphRef.implement({
  description: "The beads of a run and what joins them.",
  fields: (t) => ({
    runId: t.id({ resolve: ({ graph }) => graph.view.runId }),
    beads: t.field({
      type: [refs.RunGraphBeadRef],
      description: "In seed order; what was added later comes last.",
      complexity: { field: 1, multiplier: LISTED_ROWS },
      resolve: ({ graph }) => graph.view.beads,
    }),
    edges: t.field({ type: [refs.RunGraphEdgeRef], complexity: { field: 1, multiplier: LISTED_ROWS }, resolve: ({ edges }) => edges }),
  }),
});

refs.RunGraphBeadRef.implement({
  description: "A bead's place in the run's graph.",
  fields: (t) => ({
    beadId: t.exposeID("beadId"),
    atomId: t.exposeID("atomId"),
    moleculeId: t.exposeID("moleculeId"),
    outcome: t.exposeBoolean("outcome", { description: "True for the last bead of its molecule, which judges it." }),
    added: t.exposeBoolean("added", { description: "True when it was not in the seed: an amendment of the run's graph, or a conflict, brought it." }),
  }),
});

refs.RunGraphEdgeRef.implement({
  fields: (t) => ({
    fromBeadId: t.exposeID("fromBeadId"),
    toBeadId: t.exposeID("toBeadId"),
    kind: t.expose("kind", { type: RunEdgeKindEnum }),
    required: t.exposeBoolean("required", { description: "True when `toBeadId` cannot begin without `fromBeadId`." }),
    added: t.exposeBoolean("added", { description: "True when the edge was not in the seed." }),
    amendmentId: t.exposeID("amendmentId", { nullable: true, description: "The adopted amendment of an AMENDMENT edge." }),
  }),
});

refs.RunTreeRef.implement({
  description: "The files of a run against what it started from.",
  fields: (t) => ({
    runId: t.exposeID("runId"),
    treeHash: t.exposeString("treeDigest", { description: "Digest of the tree as it is now, as verdicts name it." }),
    files: t.field({
      type: [refs.RunTreeFileRef],
      description: "By path, those that were deleted included.",
      args: { statuses: t.arg({ type: [RunFileStatusEnum], required: false, description: "With one of these statuses." }) },
      complexity: { field: 1, multiplier: LISTED_ROWS },
      resolve: ({ files }, { statuses }) => {
        const wanted = new Set(statuses ?? RUN_FILE_STATUSES);
        return files.filter((file) => wanted.has(statusOf(file)));
      },
    }),
  }),
});

refs.RunTreeFileRef.implement({
  fields: (t) => ({
    path: t.exposeString("path"),
    status: t.field({ type: RunFileStatusEnum, resolve: statusOf }),
    bytes: t.int({
      nullable: true,
      description: "Of what it holds now; null when it was deleted, or when too many files were asked for at once.",
      resolve: ({ digest }, _args, { files }) => (digest === null ? null : files.size(digest)),
    }),
    sha256: t.exposeString("digest", { nullable: true, description: "Of what it holds now; null when it was deleted." }),
    baseSha256: t.exposeString("baseDigest", { nullable: true, description: "Of what it held at the start; null when it was not there." }),
    beadId: t.exposeID("beadId", { nullable: true, description: "The bead that wrote or deleted it last; null for one that is as it was." }),
  }),
});

refs.RunFileRef.implement({
  description: "A file of a run, for a comparison: at most 256 KiB of each side.",
  fields: (t) => ({
    path: t.exposeString("path"),
    status: t.expose("status", { type: RunFileStatusEnum }),
    base: t.exposeString("base", { nullable: true, description: "At the start; null when it was not there, and for a binary file." }),
    current: t.exposeString("current", { nullable: true, description: "Now; null when it was deleted, and for a binary file." }),
    binary: t.exposeBoolean("binary", { description: "True when a side is no UTF-8 text; neither is shown then." }),
    truncated: t.exposeBoolean("truncated", { description: "True when a side is longer than what is shown." }),
  }),
});
