import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256Hex } from "@factory/schemas";
import { afterEach, describe, expect, it } from "vitest";
import { DigestMismatchError, writeDeliverable } from "./deliverable.ts";
import { UsageError } from "./errors.ts";
import { startFakeGateway, type FakeGateway } from "./testing/fake-gateway.ts";
import { testFolder } from "./testing/terminal.ts";

type Sent = { readonly path: string; readonly text: string; readonly sha256?: string; readonly mode?: number };

let fake: FakeGateway | undefined;
const folder = testFolder("factory-out");
afterEach(() => fake?.stop());

async function delivering(files: readonly Sent[], evidence = "{}"): Promise<FakeGateway> {
  const bytes = new TextEncoder().encode(evidence);
  fake = await startFakeGateway([], {
    delivery: {
      async *getDeliverable() {
        for (const { path, text, sha256 = sha256Hex(text), mode = 0o644 } of files) {
          const data = new TextEncoder().encode(text);
          const half = Math.floor(data.length / 2);
          const common = { path, mode, sha256, size: BigInt(data.length) };
          yield { ...common, offset: 0n, data: data.slice(0, half) };
          yield { ...common, offset: BigInt(half), data: data.slice(half) };
        }
      },
      getEvidence: () => ({ evidenceId: "EVD-1", package: bytes, sha256: sha256Hex(bytes) }),
    },
  });
  return fake;
}

describe("writeDeliverable", () => {
  it("joins the chunks of each file, sets its mode, and adds the evidence", async () => {
    const { client } = await delivering([
      { path: "README.md", text: "# Délivré\n" },
      { path: "src/run.ts", text: "export {};\n", mode: 0o755 },
    ]);
    const out = join(folder.path, "out");
    expect(await writeDeliverable(client, "SES-1", out)).toEqual(["README.md", "src/run.ts"]);
    expect(readFileSync(join(out, "README.md"), "utf8")).toBe("# Délivré\n");
    expect(statSync(join(out, "src/run.ts")).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(out, "evidence.json"), "utf8")).toBe("{}");
    expect(readdirSync(folder.path)).toEqual(["out"]);
  });

  it("keeps nothing when a digest does not fit", async () => {
    const { client } = await delivering([
      { path: "a.ts", text: "a" },
      { path: "b.ts", text: "b", sha256: sha256Hex("c") },
    ]);
    await expect(writeDeliverable(client, "SES-1", join(folder.path, "out"))).rejects.toBeInstanceOf(DigestMismatchError);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it.each(["../escape.ts", "/etc/escape", "a/../../b", "a\\b"])("writes nothing for the path %s", async (path) => {
    const { client } = await delivering([{ path, text: "x" }]);
    await expect(writeDeliverable(client, "SES-1", join(folder.path, "out"))).rejects.toThrow("relative path");
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("replaces an earlier deliverable and nothing else", async () => {
    const { client } = await delivering([{ path: "a.ts", text: "a" }]);
    const out = join(folder.path, "out");
    await writeDeliverable(client, "SES-1", out);
    writeFileSync(join(out, "stale.ts"), "stale");
    await writeDeliverable(client, "SES-1", out);
    expect(readdirSync(out).sort()).toEqual(["a.ts", "evidence.json"]);

    const mine = join(folder.path, "mine");
    mkdirSync(mine);
    writeFileSync(join(mine, "thesis.md"), "years of work");
    await expect(writeDeliverable(client, "SES-1", mine)).rejects.toBeInstanceOf(UsageError);
    expect(readFileSync(join(mine, "thesis.md"), "utf8")).toBe("years of work");
  });
});
