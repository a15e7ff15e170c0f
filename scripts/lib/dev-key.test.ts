import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evidenceSigner } from "@factory/verification/evidence";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureDevKey } from "./dev-key.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "factory-key-"));
  path = join(folder, "state", "dev-key.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the local key file", () => {
  it("has a key of its own for each thing that is signed", () => {
    const { evidenceKey, outboundKey, dispositionKey } = ensureDevKey(path);
    expect(new Set([evidenceKey["x"], outboundKey["x"], dispositionKey["x"]]).size).toBe(3);
  });

  it("is made once, for its owner alone, with a key that seals evidence", async () => {
    const key = ensureDevKey(path);
    expect(ensureDevKey(path)).toEqual(key);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await evidenceSigner(JSON.stringify(key.evidenceKey))).keyId).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(readdirSync(join(folder, "state"))).toEqual(["dev-key.json"]);
  });

  it("of before there was an evidence key is completed and keeps what it has", () => {
    path = join(folder, "dev-key.json");
    const before = { org: "mine", apiKey: "fk_local_a", envelopeKeyId: "ek_local_a", envelopeSecret: "c2VjcmV0" };
    writeFileSync(path, JSON.stringify(before));
    const ed25519 = { kty: "OKP", crv: "Ed25519" };
    expect(ensureDevKey(path)).toMatchObject({ ...before, evidenceKey: ed25519, outboundKey: ed25519, dispositionKey: ed25519 });
  });

  it("is one for all processes that need it at the same time", async () => {
    const program = `import { ensureDevKey } from ${JSON.stringify(join(import.meta.dirname, "dev-key.ts"))}; console.log(JSON.stringify(ensureDevKey(${JSON.stringify(path)})));`;
    const made = await Promise.all(Array.from({ length: 4 }, () => outputOf(program)));
    expect(new Set(made).size).toBe(1);
    expect(JSON.parse(made[0] ?? "")).toEqual(JSON.parse(readFileSync(path, "utf8")));
  });
});

function outputOf(program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
    child.on("error", reject);
    child.on("close", () => resolve(output));
  });
}
