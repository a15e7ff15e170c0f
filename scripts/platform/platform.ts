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
import { migrateRegistry, seedCredentials, seedKnowingState } from "./bootstrap-state.ts";
import { PortTakenError, isPortFree } from "./ports.ts";
import { startSandbox, type SandboxHandle } from "./sandbox-supervisor.ts";

/** Where the platform keeps its state unless told otherwise. */
export const DEFAULT_STATE_DIRECTORY = join(STATE, "local");

const LOG_FILE = "platform.log";

/** Names of the environment variables that choose the models; they become bindings of the Workers that call models. */
const MODEL_VARIABLES = ["FACTORY_MODELS", "MODEL_BASE_URL", "MODEL_API_KEY"] as const;

export type PlatformOptions = {
  /** Loopback port of the gateway. */
  readonly port: number;
  /** Folder of the platform's storage; it survives restarts. */
  readonly stateDirectory?: string;
  /** Values for FACTORY_MODELS, MODEL_BASE_URL and MODEL_API_KEY. */
  readonly models?: { readonly [name: string]: string | undefined };
  /** Told of each step of the start. */
  readonly onProgress?: (step: string) => void;
  /** Also print what the Workers log; it is always kept in `platform.log` of the state folder. */
  readonly verbose?: boolean;
};

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
  const workers = [...built.values()].filter((worker) => worker.name !== "sandbox").map((worker) => workerOptions(worker, sandbox, options));
  // The gateway answers the port: Miniflare sends requests to the first Worker.
  workers.sort((a, b) => Number(b.name === "factory-gateway") - Number(a.name === "factory-gateway"));
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
      workers,
    }),
  );
  const stop = async (): Promise<void> => {
    await Promise.allSettled([miniflare.dispose(), sandbox.stop()]);
    logFile.end();
  };
  try {
    const url = await miniflare.ready;
    await Promise.all([seedCredentials(miniflare, key), migrateRegistry(miniflare), seedKnowingState(miniflare, key.org)]);
    onProgress("the gateway takes calls");
    return { url: url.origin, key, miniflare, sandbox, stop };
  } catch (err) {
    await stop();
    throw err;
  }
}

function workerOptions(worker: BuiltWorker, sandbox: SandboxHandle, options: PlatformOptions): V4WorkerOptions & { readonly name: string } {
  const bindings: { [name: string]: string } = {};
  if (worker.options.bindings?.["FACTORY_MODELS"] !== undefined) {
    for (const name of MODEL_VARIABLES) bindings[name] = options.models?.[name] ?? process.env[name] ?? "";
  }
  return {
    ...miniflareWorker(worker),
    bindings: { ...worker.options.bindings, ...bindings },
    serviceBindings: { ...worker.options.serviceBindings, ...localServices(worker, sandbox) },
    // A service's value has no type of its own in a built Worker's options.
  } as V4WorkerOptions & { readonly name: string };
}

/** Services that differ on a laptop: the sandbox is another process, and the bootstrap calls the graph from outside. */
function localServices(worker: BuiltWorker, sandbox: SandboxHandle): object {
  if (worker.name === "pipeline" || worker.name === "commissioning") return { SANDBOX: (request: Request) => sandbox.dispatch(request) };
  if (worker.name === "graph") return { BOOTSTRAP: { name: "factory-graph", entrypoint: "Bootstrap" } };
  return {};
}
