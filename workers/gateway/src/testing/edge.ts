/** The gateway with recording neighbours on a real loopback port, in real workerd: what any client can be pointed at. */
import { defaultKnowingState } from "@factory/gears";
import { objectName } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { buildWorker, miniflareWorker } from "../../../../scripts/platform/build.ts";
import { storeCredentials, type Credentials } from "./builders.ts";
import { register, type Lineage } from "./lineage.ts";
import { neighbours } from "./neighbours.ts";
import { PRODUCER_TOKEN_KEY } from "./producer-key.ts";

/** A gateway under test. */
export type Edge = {
  readonly url: string;
  readonly credentials: Credentials;
  /** Answers once nobody listens to a session's log any more. */
  whenUnsubscribed(sessionId: string): Promise<number>;
  /** Puts events into a session's log, as its producers would. */
  append(sessionId: string, events: readonly { readonly kind: string; readonly payload: object }[]): Promise<void>;
  /** Writes a lineage to an assembly of the org, and lets the registry know the assembly. */
  remember(assembly: string, lineage: Lineage): Promise<void>;
  stop(): Promise<void>;
};

// From outside of workerd a result comes as a proxy whose fields are fetched one by one.
type Answer = { readonly ok: PromiseLike<boolean>; readonly message: PromiseLike<string | undefined> };
type Graphs<G> = { getByName(name: string): G };
type ArtifactGraph = { append(nodes: Lineage["nodes"], edges: Lineage["edges"]): Promise<Answer> };
type BeadGraph = { bootstrap(beads: readonly KnowingStateBead[]): Promise<Answer> };

async function mustSucceed(answer: Answer): Promise<void> {
  if (!(await answer.ok)) throw new Error(`The graph refused: ${await answer.message}`);
}

// The double's own methods; Miniflare types its stubs by fetch only.
type LogDouble = { whenUnsubscribed(): Promise<number>; append(identity: object, events: readonly object[]): Promise<object> };
type LogDoubles = { getByName(name: string): LogDouble };

/** The gateway as a deploy builds it, with a secret. */
async function gatewayWorker(): Promise<ReturnType<typeof miniflareWorker>> {
  const built = await buildWorker("gateway");
  return miniflareWorker({ ...built, options: { ...built.options, bindings: { ...built.options.bindings, PRODUCER_TOKEN_KEY } } });
}

/** Starts the gateway on a free port with credentials and the first knowing-state of one org. */
export async function startEdge(): Promise<Edge> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      workers: [await gatewayWorker(), ...(await neighbours())],
    }),
  );
  const url = await miniflare.ready;
  const config = await miniflare.getKVNamespace("CONFIG", "factory-gateway");
  const credentials = await storeCredentials((key, value) => config.put(key, value), "acme");
  const beads = (await miniflare.getDurableObjectNamespace("BEAD_GRAPHS", "factory-gateway")) as unknown as Graphs<BeadGraph>;
  await mustSucceed(await beads.getByName(objectName.beadGraph(credentials.org)).bootstrap(defaultKnowingState(credentials.org, Date.now())));
  const artifacts = (await miniflare.getDurableObjectNamespace("ARTIFACT_GRAPHS", "factory-gateway")) as unknown as Graphs<ArtifactGraph>;
  const bucket = await miniflare.getR2Bucket("BLOBS", "factory-gateway");
  const assemblies: string[] = [];
  const logs = (await miniflare.getDurableObjectNamespace("SESSION_LOGS", "factory-gateway")) as unknown as LogDoubles;
  const logOf = (sessionId: string): LogDouble => logs.getByName(objectName.sessionLog(credentials.org, sessionId));
  return {
    url: url.origin,
    credentials,
    whenUnsubscribed: (sessionId) => logOf(sessionId).whenUnsubscribed(),
    append: async (sessionId, events) => {
      await logOf(sessionId).append({ sessionId, workOrderId: "WO-1" }, events);
    },
    remember: async (assembly, lineage) => {
      assemblies.push(assembly);
      await register(bucket, credentials.org, assemblies);
      await mustSucceed(await artifacts.getByName(objectName.artifactGraph(credentials.org, assembly)).append(lineage.nodes, lineage.edges));
    },
    stop: () => miniflare.dispose(),
  };
}
