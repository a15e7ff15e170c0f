/** A planned subscription as the shard takes it. */
import { GraphQLError } from "graphql";
import { z } from "zod";
import type { SubscribeCommand } from "../subscription-protocol.ts";
import type { OperationPlan } from "./operation-plan.ts";

/** Absent and null are "from the beginning". */
const afterSeq = z.int().min(0).nullish();

/** Arguments of the root fields, as the schema has coerced them. */
const operations = z.discriminatedUnion("field", [
  z.object({ field: z.literal("sessionEvents"), args: z.object({ sessionId: z.string(), afterSeq }) }),
  z.object({ field: z.literal("beadUpdates"), args: z.object({ runId: z.string(), afterSeq }) }),
  z.object({ field: z.literal("artifactWrites"), args: z.object({ assemblyId: z.string().min(1).max(128), afterSeq }) }),
]);

/** Names that the read model and the filter take. */
const RUN_ID_CHARS = 64;

/** @returns what to start, or why not */
export function subscribeCommand(id: string, plan: OperationPlan & { readonly ok: true }): SubscribeCommand | GraphQLError {
  const parsed = operations.safeParse({ field: plan.field, args: plan.args });
  if (!parsed.success) return new GraphQLError(z.prettifyError(parsed.error).replaceAll("\n", " "));
  const { field, args } = parsed.data;
  const common = { type: "subscribe", id, afterSeq: args.afterSeq ?? 0, selection: plan.selection } as const;
  switch (field) {
    case "sessionEvents":
      return { ...common, log: { sessionId: args.sessionId }, filter: {} };
    case "beadUpdates":
      if (args.runId.length > RUN_ID_CHARS) return new GraphQLError(`A run's id has at most ${RUN_ID_CHARS} characters.`);
      return { ...common, log: { runId: args.runId }, filter: { streams: ["beadUpdates"], runId: args.runId } };
    case "artifactWrites":
      return { ...common, log: { assemblyId: args.assemblyId }, filter: {} };
    default:
      return field satisfies never;
  }
}
