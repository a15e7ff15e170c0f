/**
 * The whole platform on one loopback port, in this process: every Worker but the sandbox in one workerd, the sandbox
 * in a process of its own behind its supervisor. The bundles and bindings are those a deploy uses.
 */
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions, type V4WorkerOptions } from "miniflare";
import { ensureDevKey, type DevKey } from "../lib/dev-key.ts";
import { STATE } from "../lib/repository.ts";
import { buildWorkers, miniflareWorker, type BuiltWorker } from "./build.ts";
import { foundOrganisation, migrateRegistry, publishEvidenceKey, publishLinearAuthority, seedKnowingState } from "./bootstrap-state.ts";
import { graphiqlPage } from "./graphiql.ts";
import { callEachMinute } from "./minute.ts";
import { PortTakenError, isPortFree } from "./ports.ts";
import { startSandbox, type SandboxHandle } from "./sandbox-supervisor.ts";

/** Where the platform keeps its state unless told otherwise. */
export const DEFAULT_STATE_DIRECTORY = join(STATE, "local");

const LOG_FILE = "platform.log";

/** Names of the environment variables that choose the models; they become bindings of the Workers that call models. */
const MODEL_VARIABLES = ["FACTORY_MODELS", "FACTORY_MODEL_PRICES", "MODEL_BASE_URL", "MODEL_API_KEY"] as const;

/** Linear as the place where people steer. */
export type LinearOptions = {
  /** Address of Linear's GraphQL API, or of what stands in for it. */
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly webhookSecret: string;
  /** Who may decide there and which team shows an org's work, as the bridge reads it: the authority registry as a JSON value. */
  readonly authority: unknown;
};

export type PlatformOptions = {
  /** Loopback port of the gateway. */
  readonly port: number;
  /** Folder of the platform's storage; it survives restarts. */
  readonly stateDirectory?: string;
  /** Values for FACTORY_MODELS, FACTORY_MODEL_PRICES, MODEL_BASE_URL and MODEL_API_KEY. */
  readonly models?: { readonly [name: string]: string | undefined };
  /** Its address as people reach it, for links; the loopback port unless told otherwise. */
  readonly publicUrl?: string;
  /** Work is shown and steered in Linear. Without it nothing is sent there and no webhook is believed. */
  readonly linear?: LinearOptions;
  /** Milliseconds between two sweeps; a minute unless told otherwise. */
  readonly sweepEveryMs?: number;
  /** Told of each step of the start. */
  readonly onProgress?: (step: string) => void;
  /** Also print what the Workers log; it is always kept in `platform.log` of the state folder. */
  readonly verbose?: boolean;
  /** For tests only: a module that changes the Workers before they start, and what it is told. */
  readonly decoration?: { readonly module: string; readonly options: unknown };
};

/** A Worker as Miniflare takes it, under the name it is deployed by. */
export type NamedWorker = V4WorkerOptions & { readonly name: string };

/** The Workers as a test wants them, and the one that holds the real `CONFIG` and `DB` for the bootstrap. */
export type Decoration = { readonly workers: readonly NamedWorker[]; readonly bootstrapFrom: string };

/** What a module that {@link PlatformOptions.decoration} names exports as `decorate`. */
export type Decorate = (workers: readonly NamedWorker[], options: unknown) => Decoration;

/** Miniflare's own messages, kept off standard output: that belongs to who started the platform. */
class StderrLog extends Log {
  override log(message: string): void {
    process.stderr.write(`${message}\n`);
  }
}

export type Platform = {
  readonly url: string;
  readonly key: DevKey;
  readonly miniflare: Miniflare;
  readonly sandbox: SandboxHandle;
  stop(): Promise<void>;
};

/**
 * Starts everything and answers when the gateway takes calls.
 *
 * @throws PortTakenError when another process holds the port.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { port, stateDirectory = DEFAULT_STATE_DIRECTORY, onProgress = () => undefined } = options;
  if (!(await isPortFree(port))) throw new PortTakenError(port);
  const key = ensureDevKey();
  mkdirSync(stateDirectory, { recursive: true });
  const built = await buildWorkers(undefined, (worker) => onProgress(`built ${worker.name}`));
  const sandbox = await startSandbox();
  onProgress("sandbox is up");
  const workers = [...built.values()].filter((worker) => worker.name !== "sandbox").map((worker) => workerOptions(worker, sandbox, key, options));
  // The gateway answers the port: Miniflare sends requests to the first Worker.
  workers.sort((a, b) => Number(b.name === "factory-gateway") - Number(a.name === "factory-gateway"));
  const decorated = await decorate(workers, options);
  const logFile = createWriteStream(join(stateDirectory, LOG_FILE), { flags: "a" });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port,
      // The object describes the caller's location; made up locally rather than fetched.
      cf: false,
      log: new StderrLog(options.verbose === true ? LogLevel.INFO : LogLevel.ERROR),
      handleStructuredLogs: ({ timestamp, level, message }) => {
        const line = `${new Date(timestamp).toISOString()} ${level} ${message}\n`;
        logFile.write(line);
        if (options.verbose === true) process.stderr.write(line);
      },
      resourcePersistencePath: stateDirectory,
      telemetry: { enabled: false },
      workers: [...decorated.workers],
    }),
  );
  let endSweeps: () => void = () => undefined;
  const stop = async (): Promise<void> => {
    endSweeps();
    await Promise.allSettled([miniflare.dispose(), sandbox.stop()]);
    logFile.end();
  };
  try {
    const url = await miniflare.ready;
    await Promise.all([
      foundOrganisation(miniflare, key),
      publishLinearAuthority(miniflare, options.linear?.authority, decorated.bootstrapFrom),
      publishEvidenceKey(miniflare, key, decorated.bootstrapFrom),
      migrateRegistry(miniflare, decorated.bootstrapFrom),
      seedKnowingState(miniflare, key.org),
    ]);
    endSweeps = callEachMinute(miniflare, (message) => logFile.write(`${new Date().toISOString()} error ${message}\n`), options.sweepEveryMs);
    onProgress("the gateway takes calls");
    return { url: url.origin, key, miniflare, sandbox, stop };
  } catch (err) {
    await stop();
    throw err;
  }
}

/** The Workers as they are, unless a test names a module that changes them. */
async function decorate(workers: readonly NamedWorker[], { decoration }: PlatformOptions): Promise<Partial<Decoration> & Pick<Decoration, "workers">> {
  if (decoration === undefined) return { workers };
  // The module is named by a test, which is type-checked against the same contract.
  const module = (await import(decoration.module)) as { readonly decorate: Decorate };
  return module.decorate(workers, decoration.options);
}

function workerOptions(worker: BuiltWorker, sandbox: SandboxHandle, key: DevKey, options: PlatformOptions): NamedWorker {
  const bindings: { [name: string]: string } = { ...secretsOf(worker, key), ...linearOf(worker, key, options) };
  if (worker.options.bindings?.["FACTORY_MODELS"] !== undefined) {
    for (const name of MODEL_VARIABLES) bindings[name] = options.models?.[name] ?? process.env[name] ?? "";
  }
  return {
    ...miniflareWorker(worker),
    bindings: { ...worker.options.bindings, ...bindings },
    serviceBindings: { ...worker.options.serviceBindings, ...localServices(worker, sandbox) },
    // A service's value has no type of its own in a built Worker's options.
  } as NamedWorker;
}

/** What a deploy keeps as secrets of the Worker, and what tells a Worker that it runs here. */
function secretsOf({ name }: BuiltWorker, key: DevKey): { readonly [name: string]: string } {
  switch (name) {
    case "commissioning":
      return { EVIDENCE_SIGNING_KEY: JSON.stringify(key.evidenceKey) };
    case "gateway":
      return { PRODUCER_TOKEN_KEY: key.producerTokenKey };
    case "governance":
      // A subscriber on this machine may be told; a deploy calls none but public addresses.
      return { OUTBOUND_SIGNING_KEY: JSON.stringify(key.outboundKey), FACTORY_LOCAL: "on" };
    default:
      return {};
  }
}

/** Whether and how work is shown in Linear. An empty secret verifies nothing and an empty key calls nothing. */
function linearOf({ name }: BuiltWorker, key: DevKey, { linear, port, publicUrl }: PlatformOptions): { readonly [name: string]: string } {
  if (name === "stream") return { FACTORY_LINEAR: linear === undefined ? "" : "on" };
  if (name !== "linear-bridge") return {};
  return {
    LINEAR_API_URL: linear?.apiUrl ?? "",
    LINEAR_API_KEY: linear?.apiKey ?? "",
    LINEAR_WEBHOOK_SECRET: linear?.webhookSecret ?? "",
    DISPOSITION_KEY: JSON.stringify(key.dispositionKey),
    FACTORY_URL: publicUrl ?? `http://127.0.0.1:${port}`,
  };
}

/** Services that differ on a laptop: the sandbox is another process, the bootstrap calls two Workers from outside, and there is GraphiQL. */
function localServices(worker: BuiltWorker, sandbox: SandboxHandle): object {
  if (worker.name === "pipeline" || worker.name === "commissioning") return { SANDBOX: (request: Request) => sandbox.dispatch(request) };
  if (worker.name === "gateway") return { GRAPHIQL: graphiqlPage };
  if (worker.name === "graph" || worker.name === "governance") return { BOOTSTRAP: { name: `factory-${worker.name}`, entrypoint: "Bootstrap" } };
  return {};
}
