/** Fields of what model calls came to. */
import { sumOf, totalsBy } from "../reads/costs.ts";
import * as refs from "./refs.ts";

refs.CostTotalRef.implement({
  description: "What a number of model calls came to.",
  fields: (t) => ({
    calls: t.exposeInt("calls"),
    unpricedCalls: t.exposeInt("unpricedCalls", { description: "Calls whose price is not known; they are not in `costUsd`." }),
    inputTokens: t.exposeFloat("inputTokens", { nullable: true, description: "Of the calls that told of them; null when none did." }),
    outputTokens: t.exposeFloat("outputTokens", { nullable: true, description: "Of the calls that told of them; null when none did." }),
    costUsd: t.exposeFloat("costUsd", { nullable: true, description: "US dollars; null when no price is known." }),
    durationMs: t.exposeFloat("durationMs"),
  }),
});

refs.CostPartRef.implement({
  fields: (t) => ({
    key: t.exposeString("key", { nullable: true, description: "What the part is of; null for calls that no bead or team made." }),
    total: t.field({ type: refs.CostTotalRef, resolve: ({ total }) => total }),
  }),
});

refs.CostsRef.implement({
  description: "Costs of a session's model calls.",
  fields: (t) => ({
    total: t.field({ type: refs.CostTotalRef, resolve: async (id, _args, { reads }) => sumOf(await reads.costs(id)) }),
    byBead: t.field({ type: [refs.CostPartRef], resolve: async (id, _args, { reads }) => totalsBy(await reads.costsByBead(id), ({ beadId }) => beadId) }),
    byTeam: t.field({ type: [refs.CostPartRef], resolve: async (id, _args, { reads }) => totalsBy(await reads.costs(id), ({ team }) => team) }),
    byModel: t.field({
      type: [refs.CostPartRef],
      description: "By `provider:model`.",
      resolve: async (id, _args, { reads }) => totalsBy(await reads.costs(id), ({ provider, modelId }) => `${provider}:${modelId}`),
    }),
    byAlias: t.field({ type: [refs.CostPartRef], resolve: async (id, _args, { reads }) => totalsBy(await reads.costs(id), ({ alias }) => alias) }),
    byPurpose: t.field({ type: [refs.CostPartRef], resolve: async (id, _args, { reads }) => totalsBy(await reads.costs(id), ({ purpose }) => purpose) }),
  }),
});
