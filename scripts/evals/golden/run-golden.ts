/** Submits orders of the golden set to a platform of their own, two at a time, and follows each to its end. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  createFactoryClient,
  errorText,
  EXIT,
  needsPerson,
  signedRequest,
  submitAndFollow,
  writeDeliverable,
  type Credentials,
  type FactoryClient,
} from "@factory/cli";
import type { SessionEvent } from "@factory/schemas/proto";
import pMap from "p-map";
import { ensureDevKey } from "../../lib/dev-key.ts";
import { freePort } from "../../platform/ports.ts";
import { startSandbox } from "../../platform/sandbox-supervisor.ts";
import { spawnPlatform } from "../../platform/spawn.ts";
import { endOf, type OrderResult } from "./ends.ts";
import type { Files, GoldenOrder } from "./golden-order.ts";
import { runHiddenTests, type CheckRunner } from "./hidden-tests.ts";
import { measure } from "./measures.ts";

/** Orders at once: a bead searches on one core, and the machine that CI has two of them. */
const AT_ONCE = 2;

/** How a run of the set is told to go. */
export type GoldenRunOptions = {
  /** Longest that an order may take, in milliseconds; then it is cancelled and its end is TIMEOUT. */
  readonly timeoutMs: number;
  readonly models?: { readonly [name: string]: string };
  /** Told of each step. */
  readonly say: (line: string) => void;
};

/** Runs the orders and gives their results in the given order. @throws PlatformStartError, NoVerdictError, ConnectError */
export async function runGolden(orders: readonly GoldenOrder[], options: GoldenRunOptions): Promise<OrderResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "factory-golden-"));
  const { say, models } = options;
  try {
    const port = await freePort();
    const credentials = ensureDevKey();
    const platform = await spawnPlatform({ port, stateDirectory: join(folder, "state"), ...(models === undefined ? {} : { models }) }, say);
    try {
      // Of its own: the platform's judged the work already, and hidden tests must not wait behind its jobs.
      const sandbox = await startSandbox({ spare: false });
      try {
        const client = createFactoryClient({ url: platform.url, apiKey: credentials.apiKey });
        const carryOut = async (order: GoldenOrder): Promise<OrderResult> => {
          const result = await runOrder(order, { client, credentials, sandbox, folder, options });
          say(`${order.name}: ${result.end} after ${(result.durationMs / 1000).toFixed(1)} s`);
          return result;
        };
        return await pMap(orders, carryOut, { concurrency: AT_ONCE });
      } finally {
        await sandbox.stop();
      }
    } finally {
      await platform.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type World = {
  readonly client: FactoryClient;
  readonly credentials: Credentials;
  readonly sandbox: CheckRunner;
  readonly folder: string;
  readonly options: GoldenRunOptions;
};

async function runOrder(order: GoldenOrder, { client, credentials, sandbox, folder, options }: World): Promise<OrderResult> {
  const started = performance.now();
  const events: SessionEvent[] = [];
  const taken = (): number => Math.round(performance.now() - started);
  const deadline = AbortSignal.timeout(options.timeoutMs);
  try {
    const request = await signedRequest(order.submission, credentials);
    const view = await submitAndFollow(client, request, { until: needsPerson, onEvent: (event) => events.push(event), signal: deadline });
    const measures = measure(events, view);
    if (view.terminal === undefined && !needsPerson(view)) {
      await client.gateway.cancelSession({ sessionId: view.sessionId, reason: `not at its end after ${options.timeoutMs} ms` });
      return { name: order.name, end: "TIMEOUT", reason: `in ${view.state}`, durationMs: taken(), measures, hidden: null };
    }
    const { end, reason } = endOf(view);
    const hidden = end === "COMPLETED" ? await judgeDelivered(order, view.sessionId, { client, sandbox, folder }) : null;
    return { name: order.name, end, reason, durationMs: taken(), measures, hidden };
  } catch (err) {
    const refused = err instanceof ConnectError && err.code === Code.InvalidArgument && errorText(err).code === EXIT.refused;
    if (!refused) throw err;
    return { name: order.name, end: "REFUSED", reason: errorText(err).text, durationMs: taken(), measures: null, hidden: null };
  }
}

async function judgeDelivered(order: GoldenOrder, sessionId: string, { client, sandbox, folder }: Pick<World, "client" | "sandbox" | "folder">) {
  const directory = join(folder, "delivered", order.name);
  const paths = await writeDeliverable(client, sessionId, directory);
  const tree: Files = Object.fromEntries(paths.map((path) => [path, readFileSync(join(directory, path), "utf8")]));
  return runHiddenTests(order.name, sandbox, tree, order.hidden);
}
