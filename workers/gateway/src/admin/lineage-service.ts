/** The reads of `factory.v1.FactoryAdmin` that walk the artifact graph. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { FactoryError, type Result } from "@factory/schemas";
import {
  LineageDirection,
  type ImpactResponseSchema,
  type LineageGraphSchema,
  type LineageRequest,
  type LineageResponseSchema,
  type WhyRequest,
  type WhyResponseSchema,
} from "@factory/schemas/proto";
import type { Subgraph, WalkBounds } from "@factory/schemas/rpc";
import { abortable } from "../abortable.ts";
import { absentIn, locateArtifact, type Located } from "./artifact-lookup.ts";
import { raise } from "../connect-errors.ts";
import type { GatewayDeps } from "../deps.ts";
import { lineageGraph } from "./lineage-view.ts";
import type { CallScope } from "../sessions.ts";

/** Artifacts of a walk when the caller names no bound, and the most there are in one. */
const DEFAULT_LIMIT = 200;
const MAX_LIMIT = 1_000;

type Asked = Pick<WhyRequest, "artifactId" | "assembly" | "depth" | "limit">;
type Graph = MessageInitShape<typeof LineageGraphSchema>;

/** What caused an artifact. @throws FactoryError INVALID_ARGUMENT, NOT_FOUND */
export async function whyOf(deps: GatewayDeps, scope: CallScope, asked: Asked): Promise<MessageInitShape<typeof WhyResponseSchema>> {
  const { assembly, walk } = await located(deps, scope, asked);
  return { assembly, causes: await walk("why") };
}

/** What depends on an artifact. @throws FactoryError INVALID_ARGUMENT, NOT_FOUND */
export async function impactOf(deps: GatewayDeps, scope: CallScope, asked: Asked): Promise<MessageInitShape<typeof ImpactResponseSchema>> {
  const { assembly, walk } = await located(deps, scope, asked);
  return { assembly, effects: await walk("impact") };
}

/** Causes, effects or both. @throws FactoryError INVALID_ARGUMENT, NOT_FOUND */
export async function lineageOf(deps: GatewayDeps, scope: CallScope, asked: LineageRequest): Promise<MessageInitShape<typeof LineageResponseSchema>> {
  const wanted = directionsOf(asked.direction);
  const { assembly, walk } = await located(deps, scope, asked);
  const [causes, effects] = await Promise.all([wanted.causes ? walk("why") : undefined, wanted.effects ? walk("impact") : undefined]);
  return { assembly, ...(causes === undefined ? {} : { causes }), ...(effects === undefined ? {} : { effects }) };
}

type Walks = { readonly assembly: string; walk(question: "why" | "impact"): Promise<Graph> };

async function located(deps: GatewayDeps, scope: CallScope, asked: Asked): Promise<Walks> {
  const bounds = boundsOf(asked);
  const where = await locateArtifact(deps, scope, asked.artifactId, asked.assembly);
  return {
    assembly: where.assembly,
    walk: async (question) => lineageGraph(found(await abortable(scope.signal, where.graph[question](asked.artifactId, bounds)), where, asked.artifactId)),
  };
}

function found(answer: Result<Subgraph>, where: Located, artifactId: string): Subgraph {
  if (answer.ok) return answer;
  if (answer.code === "NOT_FOUND") throw absentIn(where, artifactId);
  return raise(answer);
}

function boundsOf({ depth, limit }: Asked): WalkBounds {
  if (limit > MAX_LIMIT) throw new FactoryError("INVALID_ARGUMENT", `limit is ${limit}; the most is ${MAX_LIMIT}.`);
  return { limit: limit === 0 ? DEFAULT_LIMIT : limit, ...(depth === 0 ? {} : { depth }) };
}

function directionsOf(direction: LineageDirection): { readonly causes: boolean; readonly effects: boolean } {
  switch (direction) {
    case LineageDirection.UNSPECIFIED:
    case LineageDirection.BOTH:
      return { causes: true, effects: true };
    case LineageDirection.CAUSES:
      return { causes: true, effects: false };
    case LineageDirection.EFFECTS:
      return { causes: false, effects: true };
    default:
      // A number that only a newer client knows.
      throw new FactoryError("INVALID_ARGUMENT", "direction must be CAUSES, EFFECTS or BOTH.");
  }
}
