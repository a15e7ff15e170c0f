/** What cannot leave the factory is seen by who runs it: on the real platform, with a Linear that nobody answers for. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFactoryClient, signedRequest, submitAndFollow, type FactoryClient } from "@factory/cli";
import { ObjectKind, ObjectStanding, type DurableObjectHealth } from "@factory/schemas/proto";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ensureDevKey } from "../lib/dev-key.ts";
import { generatedOrder } from "../lib/generated-order.ts";
import { authorityFor } from "../linear/demo-steering.ts";
import { startPlatform, type Platform } from "./platform.ts";
import { freePort } from "./ports.ts";

let stateDirectory: string;
let platform: Platform;
let client: FactoryClient;

beforeAll(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "factory-stuck-"));
  const key = ensureDevKey();
  // The port of a service that no machine runs: every call is refused.
  const linear = { apiUrl: "http://127.0.0.1:1/graphql", apiKey: "lin_api_none", webhookSecret: "lin_wh_none", authority: authorityFor(key.org) };
  platform = await startPlatform({ port: await freePort(), stateDirectory, linear });
  client = createFactoryClient({ url: platform.url, apiKey: platform.key.apiKey });
  const request = await signedRequest({ text: generatedOrder(2), files: [], parsed: undefined, faults: [] }, key);
  const ended = await submitAndFollow(client, request);
  if (ended.terminal?.outcome !== "COMPLETED") throw new Error(`The session did not complete: ${ended.terminal?.reason ?? "it has not ended"}`);
});
afterAll(async () => {
  await platform?.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
});

async function projection(): Promise<DurableObjectHealth | undefined> {
  return (await client.admin.operations({})).organisation.find(({ kind }) => kind === ObjectKind.LINEAR_PROJECTION);
}

it("shows what waits for Linear, how often it was tried, when it is tried again and why it failed; work goes on", async () => {
  await vi.waitFor(
    async () => {
      const found = await projection();
      expect(found).toMatchObject({ standing: ObjectStanding.ANSWERED, outbox: { parked: 0 }, schemaVersion: expect.stringMatching(/^\d{4}-/) });
      expect(found?.outbox?.pending).toBeGreaterThan(0);
      expect(found?.outbox?.worstAttempts).toBeGreaterThan(0);
      expect(found?.outbox?.oldestAt).toBeDefined();
      expect(found?.nextAlarm).toBeDefined();
      expect(found?.lastError).toMatch(/\w/);
    },
    { timeout: 60_000, interval: 250 },
  );
});
