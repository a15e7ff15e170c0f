/** A sealed package from the real platform, verified by the command line alone: no platform is asked. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsPerson, submitAndFollow, followSession, writeDeliverable, writeEvidence } from "@factory/cli";
import { REPOSITORY } from "../lib/repository.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

type Ended = { readonly code: number | null; readonly output: string };

let platform: TestPlatform;
let folder: string;
let sessionId: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "factory-evidence-"));
  platform = await startTestPlatform();
  const view = await submitAndFollow(platform.client, await platform.request(join(REPOSITORY, "examples", "order-pricing.md")), { until: needsPerson });
  if (view.terminal?.outcome !== "COMPLETED") throw new Error(`The session did not complete: ${view.terminal?.reason ?? view.openReview?.prompt}`);
  ({ sessionId } = view);
  await writeDeliverable(platform.client, sessionId, join(folder, "out"));
  writeFileSync(join(folder, "keys.json"), await (await fetch(`${platform.url}/.well-known/factory-evidence-keys.json`)).text());
});
afterAll(async () => {
  await platform.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `factory` where no state of the project is above it; `input` is its standard input. */
function factory(args: readonly string[], input = ""): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const { url, credentials } = platform;
    const child = spawn(process.execPath, [join(REPOSITORY, "packages/cli/src/main.ts"), ...args], {
      cwd: folder,
      env: { ...process.env, FACTORY_URL: url, FACTORY_API_KEY: credentials.apiKey },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
    child.stdin.end(input);
  });
}

/** A copy of what was delivered, changed. */
function changed(name: string, path: string, change: (bytes: Buffer) => void): string {
  const copy = join(folder, name);
  cpSync(join(folder, "out"), copy, { recursive: true });
  const bytes = readFileSync(join(copy, path));
  change(bytes);
  writeFileSync(join(copy, path), bytes);
  return name;
}

describe("factory verify on what the platform made", () => {
  it("holds with the delivered files, the exported log and the published keys", async () => {
    const { code, output } = await factory(["events", sessionId, "--json"]);
    expect(code, output).toBe(0);
    writeFileSync(join(folder, "events.ndjson"), output);
    const keys = readFileSync(join(folder, "keys.json"), "utf8");
    const verified = await factory(["verify", "out/evidence.json", "--tree", "out", "--log", "events.ndjson", "--key", "-"], keys);
    expect(verified.code, verified.output).toBe(0);
    expect(verified.output).toContain(`${sessionId} COMPLETED`);
    expect(verified.output).not.toContain("not compared");
    const json = await factory(["verify", "out/evidence.json", "--key", "keys.json", "--json"]);
    expect(JSON.parse(json.output)).toMatchObject({ outcome: "COMPLETED", holds: true, totals: { checks: { passed: expect.any(Number) }, costUsd: 0 } });
  });

  it("fails on one byte of a source file and names the file", async () => {
    const name = changed("touched", "src/index.ts", (bytes) => (bytes[0] = (bytes[0] ?? 0) ^ 1));
    const verified = await factory(["verify", `${name}/evidence.json`, "--tree", name, "--key", "keys.json"]);
    expect(verified.code).toBe(1);
    expect(verified.output).toContain("where     src/index.ts");
  });

  it("fails on one byte of the package, at either end and between", async () => {
    const size = readFileSync(join(folder, "out/evidence.json")).length;
    for (const at of [0, 15, Math.floor(size / 3), Math.floor(size / 2), size - 20, size - 1]) {
      const name = changed(`flipped-${at}`, "evidence.json", (bytes) => (bytes[at] = (bytes[at] ?? 0) ^ 1));
      const verified = await factory(["verify", `${name}/evidence.json`, "--key", "keys.json"]);
      expect(verified.code, `byte ${at}: ${verified.output}`).toBe(1);
      expect(verified.output).toContain("does not hold");
    }
  });

  it("fails on one event of the log and names its line", async () => {
    const log = (await factory(["events", sessionId, "--json"])).output.replace(
      "SESSION_EVENT_KIND_COMPILATION_STARTED",
      "SESSION_EVENT_KIND_COMPILATION_COMPLETE",
    );
    writeFileSync(join(folder, "other.ndjson"), log);
    const verified = await factory(["verify", "out/evidence.json", "--key", "keys.json", "--log", "other.ndjson"]);
    expect(verified.code).toBe(1);
    expect(verified.output).toMatch(/where {5}log line \d+, hash/);
  });

  it("holds for a session that was cancelled while it waited for a person, about its log and with nothing counted", async () => {
    const order = await platform.request(join(REPOSITORY, "examples", "order-calculator.md"));
    const asked = await submitAndFollow(platform.client, order, { until: needsPerson });
    expect(asked.terminal).toBeUndefined();
    await platform.client.gateway.cancelSession({ sessionId: asked.sessionId, reason: "enough" });
    const view = await followSession(platform.client, asked.sessionId, { from: asked });
    expect(view.terminal?.outcome).toBe("CANCELLED");
    await writeEvidence(platform.client, asked.sessionId, join(folder, "cancelled/evidence.json"));
    writeFileSync(join(folder, "cancelled.ndjson"), (await factory(["events", asked.sessionId, "--json"])).output);
    const verified = await factory(["verify", "cancelled/evidence.json", "--tree", "cancelled", "--log", "cancelled.ndjson", "--key", "keys.json"]);
    expect(verified.code, verified.output).toBe(0);
    expect(verified.output).toContain("CANCELLED");
    expect(verified.output).toContain("files     absent (nothing was delivered)");
  });
});
