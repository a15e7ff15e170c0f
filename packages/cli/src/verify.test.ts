import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { FILES, aKey, aPackage, aPredicate, aStatement, anUnrunPredicate } from "@factory/verification/testing";
import { absent, evidenceStatement } from "@factory/verification/evidence";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "./run.ts";
import { capturedOutput, testFolder } from "./testing/terminal.ts";

const folder = testFolder("factory-verify");
const { put } = folder;
const output = capturedOutput();
beforeEach(() => {
  vi.spyOn(process, "cwd").mockReturnValue(folder.path);
});

/** A delivered folder with its package, the key set and the log. */
async function delivered(statement = aStatement()): Promise<{ readonly bytes: Uint8Array; readonly key: Awaited<ReturnType<typeof aKey>> }> {
  const key = await aKey();
  const { bytes, log } = await aPackage(key.signer, statement);
  for (const [path, text] of FILES) put(`out/${path}`, text);
  put("out/evidence.json", bytes);
  put("keys.json", JSON.stringify({ keys: [key.publicKey] }));
  put("events.ndjson", log.map((event) => `${JSON.stringify(event)}\n`).join(""));
  return { bytes, key };
}

const verify = (...args: string[]): Promise<number> => main(["verify", ...args], {});

describe("factory verify", () => {
  it("exits 0 for what holds, with its files, its log and a key set, and shows what the package says", async () => {
    await delivered();
    expect(await verify("out/evidence.json", "--tree", "out", "--log", "events.ndjson", "--key", "keys.json"), output.out + output.err).toBe(0);
    expect(output.out).toContain("out/evidence.json holds.");
    expect(output.out).toContain("$0.2500 in 1 model calls");
    expect(output.out).not.toContain("not compared");
  });

  it("takes the local key when there is one, and otherwise says how to get one", async () => {
    const { key } = await delivered();
    expect(await verify("out/evidence.json")).toBe(2);
    expect(output.err).toContain("/.well-known/factory-evidence-keys.json");
    put(".factory/dev-key.json", JSON.stringify({ org: "local", apiKey: "fk" }));
    expect(await verify("out/evidence.json")).toBe(2);
    put(".factory/dev-key.json", JSON.stringify({ org: "local", apiKey: "fk", evidenceKey: key.jwk }));
    expect(await verify("out/evidence.json")).toBe(0);
    expect(output.out).toContain("not compared: tree (give --tree), log (give --log)");
  });

  it("exits 1 and names the changed, the missing and the additional file", async () => {
    await delivered();
    const check = async (): Promise<string> => {
      output.forget();
      expect(await verify("out/evidence.json", "--tree", "out", "--key", "keys.json")).toBe(1);
      return output.out;
    };
    put("out/src/double.ts", "export const double = (n: number): number => 3 * n;\n");
    expect(await check()).toMatch(/check {5}tree .*\n {2}where {5}src\/double\.ts\n {2}expected {2}SHA-256 [0-9a-f]{64}\n {2}found {5}SHA-256 [0-9a-f]{64}/);
    rmSync(join(folder.path, "out/src/double.ts"));
    expect(await check()).toContain("no such file");
    symlinkSync("../README.md", join(folder.path, "out/src/double.ts"));
    expect(await check()).toContain("a link or a device");
    rmSync(join(folder.path, "out/src/double.ts"));
    put("out/src/double.ts", FILES.get("src/double.ts") ?? "");
    put("out/src/deep/evidence.json", "{}");
    expect(await check()).toContain("src/deep/evidence.json");
  });

  it("exits 1 for a changed package and names the place, as one JSON object with --json", async () => {
    const { bytes } = await delivered();
    const changed = Uint8Array.from(bytes);
    changed[40] = (changed[40] ?? 0) ^ 1;
    put("out/evidence.json", changed);
    expect(await verify("out/evidence.json", "--key", "keys.json", "--json")).toBe(1);
    expect(JSON.parse(output.out)).toMatchObject({
      outcome: "FAILED",
      holds: false,
      session: null,
      totals: null,
      fault: { check: "signature", path: "signatures[0].sig" },
    });
  });

  it("exits 1 for another log and for another key", async () => {
    await delivered();
    const other = await aKey();
    put("other.json", JSON.stringify(other.publicKey));
    expect(await verify("out/evidence.json", "--key", "other.json")).toBe(1);
    expect(output.out).toContain("signatures[0].keyid");
    put("events.ndjson", "{}\n");
    expect(await verify("out/evidence.json", "--key", "keys.json", "--log", "events.ndjson")).toBe(1);
    expect(output.out).toContain("log line 1");
  });

  it("names a package of the older form and refuses it", async () => {
    await delivered();
    put("old.json", JSON.stringify({ schemaVersion: "1.0.0", session: {}, chain: { events: 3 } }));
    expect(await verify("old.json", "--key", "keys.json")).toBe(1);
    expect(output.out).toContain("older form");
  });

  it("exits 2 for keys and files that cannot be read", async () => {
    await delivered();
    put("broken.json", '{"kty":"RSA"}');
    for (const args of [
      ["--key", "broken.json"],
      ["--key", "none.json"],
      ["--key", "keys.json", "--tree", "none"],
      ["--key", "keys.json", "--log", "none"],
    ]) {
      expect(await verify("out/evidence.json", ...args), args.join(" ")).toBe(2);
    }
  });

  it("hazard: absent rendered as zero - an unknown cost and a session without a run are shown as absent", async () => {
    const modelCalls = aPredicate().modelCalls.map((call) => ({ ...call, costUsd: absent("the price of the model is not known") }));
    await delivered(aStatement(aPredicate({ modelCalls })));
    expect(await verify("out/evidence.json", "--key", "keys.json")).toBe(0);
    expect(output.out).toContain("cost      absent (the price of 1 of 1 model calls is not known) in 1 model calls");
    output.forget();
    await delivered(evidenceStatement([], anUnrunPredicate()));
    expect(await verify("out/evidence.json", "--key", "keys.json")).toBe(0);
    for (const name of ["beads", "claims", "checks", "holdouts"]) expect(output.out).toMatch(new RegExp(`${name} +absent \\(the session has no run\\)`));
    expect(output.out).toMatch(/files +absent/);
    expect(output.out).not.toMatch(/ 0 (passed|done)/);
  });
});
