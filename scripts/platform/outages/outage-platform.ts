/** A platform behind a switchboard, and what a test reads of it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { signedRequest, type SessionView } from "@factory/cli";
import type { CompilationConfig } from "@factory/schemas";
import { ObjectKind, type SessionEvent, type SubmitSessionRequest } from "@factory/schemas/proto";
import { databaseRows } from "../../chaos/state.ts";
import { generatedOrder } from "../../lib/generated-order.ts";
import { startTestPlatform, type TestPlatform } from "../../testing/test-platform.ts";
import type { PlatformOptions } from "../platform.ts";
import type { OutageDecorationOptions } from "./decorate.ts";
import { Switchboard } from "./switchboard.ts";

/** No sweep pokes anything while a test runs: what comes back goes on by itself. */
const NO_SWEEP_MS = 60 * 60_000;

/** Tables of the read model. */
const READ_MODEL = [
  "session_views",
  "session_transitions",
  "beads",
  "bead_transitions",
  "artifacts",
  "artifact_edges",
  "verifications",
  "reviews",
  "passes",
  "model_costs",
] as const;

/** A platform whose parts go down and come back. Dispose it. */
export class OutagePlatform implements AsyncDisposable {
  readonly platform: TestPlatform;
  readonly switchboard: Switchboard;
  readonly stateDirectory: string;

  private constructor(platform: TestPlatform, switchboard: Switchboard, stateDirectory: string) {
    this.platform = platform;
    this.switchboard = switchboard;
    this.stateDirectory = stateDirectory;
  }

  /** Starts one with empty state. */
  static async start(options: Partial<PlatformOptions> = {}): Promise<OutagePlatform> {
    const stateDirectory = mkdtempSync(join(tmpdir(), "factory-outages-"));
    const switchboard = await Switchboard.start();
    const decoration = {
      module: fileURLToPath(new URL("decorate.ts", import.meta.url)),
      options: { decisions: switchboard.address } satisfies OutageDecorationOptions,
    };
    const platform = await startTestPlatform({ stateDirectory, decoration, sweepEveryMs: NO_SWEEP_MS, ...options });
    return new OutagePlatform(platform, switchboard, stateDirectory);
  }

  /** A request for an order of so many functions, whatever of it differs from one that nobody is asked about. */
  order(functions: number, config: Partial<CompilationConfig> = {}): Promise<SubmitSessionRequest> {
    return signedRequest(
      {
        text: generatedOrder(functions).replace("review_mode: auto\n", ""),
        files: [],
        parsed: undefined,
        faults: [],
        config: { reviewMode: "auto", ...config },
      },
      this.platform.credentials,
    );
  }

  /** Every event of a session that is there now. */
  async log(sessionId: string): Promise<SessionEvent[]> {
    const events: SessionEvent[] = [];
    for await (const { event } of this.platform.client.gateway.resumeStream({ sessionId, replayOnly: true })) if (event !== undefined) events.push(event);
    return events;
  }

  /** What a session says that it waits for; empty when it says nothing. */
  async waitsFor({ sessionId }: Pick<SessionView, "sessionId">): Promise<string> {
    const { objects } = await this.platform.client.admin.objectHealth({ sessionId });
    return objects.find(({ kind }) => kind === ObjectKind.SESSION)?.lastError ?? "";
  }

  /** The rows of a session in the read model, as they are on disk. */
  readModelRows(sessionId: string): string {
    const rows = READ_MODEL.map((table) =>
      databaseRows(this.stateDirectory, table, `SELECT * FROM ${table}`)
        .filter((row) => row["session_id"] === sessionId)
        .map((row) => JSON.stringify(row))
        .sort(),
    );
    return JSON.stringify(rows);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.platform.dispose();
    await this.switchboard[Symbol.asyncDispose]();
    rmSync(this.stateDirectory, { recursive: true, force: true });
  }
}
