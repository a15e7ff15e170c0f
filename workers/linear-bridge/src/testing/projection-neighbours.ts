/** Neighbours of the projection as Miniflare Workers: the graph as it is deployed, logs a test writes, and a Linear that says yes. */
import { graphWorker } from "../../../../scripts/testing/graph-worker.ts";

/** A log that holds what a test puts into it. */
const LOG = `import { DurableObject } from "cloudflare:workers";
export class SubscriptionBufferDO extends DurableObject {
  async put(events) { await this.ctx.storage.put("events", events); }
  async read(after, limit) {
    const events = (await this.ctx.storage.get("events")) ?? [];
    return { events: events.filter(({ seq }) => seq > after).slice(0, limit), tip: { lastSeq: events.length, rootHash: "", closed: false, archived: false } };
  }
}
export default { fetch: () => new Response(null, { status: 404 }) };`;

/** Takes every request to the outside, answers as Linear would, and keeps what was asked. */
const LINEAR = `import { DurableObject } from "cloudflare:workers";
export class Requests extends DurableObject {
  async add(request) { await this.ctx.storage.put("requests", [...(await this.all()), request]); }
  async all() { return (await this.ctx.storage.get("requests")) ?? []; }
}
const page = (nodes) => ({ nodes, pageInfo: { hasNextPage: false, endCursor: null } });
const ANSWERS = {
  FactoryTeamStates: () => ({ team: { id: "T", states: page(["backlog", "unstarted", "started", "completed", "canceled"].map((type, position) => ({ id: type, name: type, type, position }))) } }),
  FactoryTeamCycle: () => ({ team: { id: "T", activeCycle: null } }),
  FactoryIssueLabels: ({ filter }) => ({ issueLabels: page(filter.name.in.map((name) => ({ id: "label " + name, name, team: null }))) }),
  FactoryIssueCreate: ({ input }) => ({ issueCreate: { success: true, issue: { id: input.id, identifier: "FAC-1", url: "https://linear.test/FAC-1" } } }),
  FactoryIssueUpdate: ({ id }) => ({ issueUpdate: { success: true, issue: { id, identifier: "FAC-1", url: "https://linear.test/FAC-1" } } }),
  FactoryCommentCreate: ({ input }) => ({ commentCreate: { success: true, comment: { id: input.id } } }),
  FactoryDocumentCreate: ({ input }) => ({ documentCreate: { success: true, document: { id: input.id } } }),
  FactoryDocumentUpdate: ({ id }) => ({ documentUpdate: { success: true, document: { id } } }),
  FactoryUser: ({ id }) => ({ user: { id, isMe: id === "user-factory", app: false } }),
};
export default {
  async fetch(request, env) {
    const { query, variables } = await request.json();
    const [, name] = /(?:query|mutation) (\\w+)/.exec(query);
    await env.OBJECTS.getByName("linear").add({ name, variables, authorization: request.headers.get("authorization") });
    return Response.json({ data: ANSWERS[name](variables) });
  },
};`;

const worker = (name: string, className: string, script: string) => ({
  name,
  modules: true,
  compatibilityDate: "2026-08-04",
  durableObjects: { OBJECTS: { className, useSQLite: true } },
  script,
});

const empty = (name: string, className: string) =>
  worker(
    name,
    className,
    `import { DurableObject } from "cloudflare:workers";
export class ${className} extends DurableObject {}
export default { fetch: () => new Response(null, { status: 404 }) };`,
  );

/** The governance Worker's entry class, as far as it is asked. */
const GOVERNANCE = `import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  async suspensions() { return []; }
}`;

/** Options of one Worker for each neighbour that the room's wrangler configuration binds. */
export async function projectionNeighbours() {
  return [
    await graphWorker(),
    worker("factory-stream", "SubscriptionBufferDO", LOG),
    worker("linear-recorder", "Requests", LINEAR),
    empty("factory-commissioning", "CommissioningAgentDO"),
    empty("factory-pipeline", "CoordinatorDO"),
    { name: "factory-governance", modules: true, compatibilityDate: "2026-08-04", script: GOVERNANCE },
    { name: "factory-graphql", modules: true, compatibilityDate: "2026-08-04", script: "export default { fetch: () => new Response(null, { status: 404 }) };" },
  ];
}
