/** Fields of artifacts and of walks over the artifact graph. */
import { artifactTitle, FACTORY_REGISTRY } from "@factory/factory-graph";
import { canonicalJson } from "@factory/schemas";
import type { StoredNode } from "@factory/schemas/rpc";
import { CausalEndEnum } from "./enums.ts";
import { jsonValue } from "./json-text.ts";
import * as refs from "./refs.ts";

/** Largest content of one artifact in an answer, as canonical JSON in UTF-8 bytes. */
const MAX_CONTENT_BYTES = 64 * 1024;

refs.ArtifactRef.implement({
  description: "What a session made, as its log tells of it.",
  fields: (t) => ({
    id: t.exposeID("artifactId"),
    sessionId: t.exposeID("sessionId"),
    assemblyId: t.exposeID("assemblyId"),
    type: t.exposeString("artifactType", { nullable: true }),
    contentHash: t.exposeString("contentHash", { nullable: true }),
    storageRef: t.exposeString("storageRef", { nullable: true, description: "Where content too large for an event is kept." }),
    metadata: t.field({ type: "JSON", nullable: true, resolve: ({ metadata }) => jsonValue(metadata) }),
    createdAt: t.expose("createdAt", { type: "DateTime" }),
    seq: t.exposeInt("seq"),
    content: t.field({
      type: refs.LineageNodeRef,
      nullable: true,
      description: "The artifact in the artifact graph; null while its write is on its way.",
      complexity: 5,
      resolve: ({ assemblyId, artifactId }, _args, { lineage }) => lineage.content(assemblyId, artifactId),
    }),
    relationsOut: t.field({
      type: [refs.ArtifactRelationRef],
      description: "Relations to other artifacts that sessions have told of, at most 200.",
      resolve: async ({ artifactId }, _args, { reads }) => [...(await reads.relations(artifactId)).out],
    }),
    relationsIn: t.field({
      type: [refs.ArtifactRelationRef],
      description: "Relations from other artifacts that sessions have told of, at most 200.",
      resolve: async ({ artifactId }, _args, { reads }) => [...(await reads.relations(artifactId)).in],
    }),
    session: t.field({ type: refs.SessionRef, nullable: true, resolve: ({ sessionId }, _args, { reads }) => reads.session(sessionId) }),
  }),
});

refs.ArtifactRelationRef.implement({
  fields: (t) => ({
    source: t.exposeID("source"),
    rel: t.exposeString("rel"),
    target: t.exposeID("target"),
    cause: t.field({ type: CausalEndEnum, nullable: true, resolve: ({ rel }) => causalEnd(rel) }),
  }),
});

refs.LineageNodeRef.implement({
  description: "An artifact in the artifact graph.",
  fields: (t) => ({
    id: t.exposeID("id"),
    type: t.exposeString("type"),
    title: t.string({
      description: "One line for people; empty when nothing in the content names it.",
      resolve: ({ type, data }) => artifactTitle(type, data),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime" }),
    dataBytes: t.int({ resolve: ({ data }) => bytesOf(data) }),
    data: t.field({
      type: "JSON",
      nullable: true,
      description: "The content; null when it is larger than 64 KiB. Of a claim's hidden examples it has none.",
      resolve: (node) => (bytesOf(node.data) <= MAX_CONTENT_BYTES ? shownData(node) : null),
    }),
  }),
});

refs.LineageRelationRef.implement({
  fields: (t) => ({
    source: t.exposeID("source"),
    rel: t.exposeString("rel"),
    target: t.exposeID("target"),
    createdAt: t.expose("createdAt", { type: "DateTime" }),
    cause: t.field({ type: CausalEndEnum, nullable: true, resolve: ({ rel }) => causalEnd(rel) }),
  }),
});

refs.LineageGraphRef.implement({
  description: "A bounded walk: each artifact once, the asked one first, then nearest first, with the relations between them.",
  fields: (t) => ({
    assemblyId: t.exposeID("assemblyId"),
    nodes: t.field({ type: [refs.LineageNodeRef], resolve: ({ nodes }) => nodes }),
    relations: t.field({ type: [refs.LineageRelationRef], resolve: ({ edges }) => edges }),
    truncated: t.exposeBoolean("truncated", { description: "True when a bound was reached." }),
  }),
});

refs.LineageRef.implement({
  fields: (t) => ({
    artifactId: t.exposeID("artifactId"),
    assemblyId: t.exposeID("assemblyId"),
    causes: t.field({ type: refs.LineageGraphRef, nullable: true, description: "Null unless asked for.", resolve: ({ causes }) => causes ?? null }),
    effects: t.field({ type: refs.LineageGraphRef, nullable: true, description: "Null unless asked for.", resolve: ({ effects }) => effects ?? null }),
  }),
});

/** Hidden examples are told to nobody: whoever reads them could write to them. */
function shownData({ type, data }: Pick<StoredNode, "type" | "data">): StoredNode["data"] {
  if (type !== "Claim") return data;
  const { holdout: _hidden, ...shown } = data;
  return shown;
}

function bytesOf(data: object): number {
  return Buffer.byteLength(canonicalJson(data), "utf8");
}

function causalEnd(rel: string): "SOURCE" | "TARGET" | null {
  const cause = Object.hasOwn(FACTORY_REGISTRY.relations, rel) ? FACTORY_REGISTRY.relations[rel]?.cause : undefined;
  switch (cause) {
    case "source":
      return "SOURCE";
    case "target":
      return "TARGET";
    case "none":
    case undefined:
      return null;
    default:
      return cause satisfies never;
  }
}
