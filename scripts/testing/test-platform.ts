/** A platform for a test: its own port and an empty state folder that goes with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFactoryClient, readSubmission, signedRequest, type Credentials, type FactoryClient } from "@factory/cli";
import type { SubmitSessionRequest } from "@factory/schemas/proto";
import { ensureDevKey } from "../lib/dev-key.ts";
import type { HostOptions } from "../platform/host-input.ts";
import { freePort } from "../platform/ports.ts";
import { spawnPlatform, type RunningPlatform } from "../platform/spawn.ts";

export type TestPlatform = {
  readonly url: string;
  readonly credentials: Credentials;
  readonly client: FactoryClient;
  /** A request for an order on disk, in an envelope of its own. */
  request(orderPath: string): Promise<SubmitSessionRequest>;
  /** A request for an order's text. */
  requestText(text: string): Promise<SubmitSessionRequest>;
  /** Kills the whole process group, as a crash would, and starts it again on the same port and state. */
  crashAndRestart(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  dispose(): Promise<void>;
};

/** Starts a platform for tests. Dispose it, or its processes end with the test's. */
export async function startTestPlatform(options: Partial<HostOptions> = {}): Promise<TestPlatform> {
  const stateDirectory = mkdtempSync(join(tmpdir(), "factory-state-"));
  const hostOptions: HostOptions = { port: await freePort(), stateDirectory, ...options };
  const credentials = ensureDevKey();
  const url = `http://127.0.0.1:${hostOptions.port}`;
  let running: RunningPlatform = await spawnPlatform(hostOptions);
  const start = async (): Promise<void> => {
    running = await spawnPlatform(hostOptions);
  };
  const kill = (): Promise<void> => running.kill();
  return {
    url,
    credentials,
    client: createFactoryClient({ url, apiKey: credentials.apiKey }),
    request: (orderPath) => signedRequest(readSubmission(orderPath), credentials),
    requestText: (text) => signedRequest({ text, files: [], parsed: undefined, faults: [] }, credentials),
    start,
    kill,
    async crashAndRestart() {
      await kill();
      await start();
    },
    async dispose() {
      await running.stop();
      rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}
