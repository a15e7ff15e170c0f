import { spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readHostInput, tellHost, type HostOptions } from "./host-input.ts";

/** Options with a secret, and with characters that some readers of lines take for an end. */
const OPTIONS: HostOptions = {
  port: 8_787,
  linear: { apiUrl: "http://127.0.0.1/graphql", apiKey: "lin_api_canary", webhookSecret: "lin_wh_canary", authority: { name: "Ada\u2028Love\u0085lace\nÅ" } },
};

describe("what the platform's process is told", () => {
  it("is what it was told, however it comes in pieces", async () => {
    const written = new PassThrough();
    tellHost(written, OPTIONS);
    const bytes = written.read() as Buffer;
    const input = new PassThrough();
    const told = readHostInput(input);
    for (const byte of bytes) input.write(Buffer.of(byte));
    expect((await told).options).toEqual(OPTIONS);
  });

  it("leaves the input open, and its end is noticed", async () => {
    const input = new PassThrough();
    tellHost(input, OPTIONS);
    const { ended } = await readHostInput(input);
    const early = await Promise.race([ended.then(() => "ended"), new Promise((resolve) => setImmediate(() => resolve("open")))]);
    expect(early).toBe("open");
    input.end();
    await ended;
  });

  it("is missed when the input ends before it", async () => {
    const input = new PassThrough();
    input.end("{}");
    await expect(readHostInput(input)).rejects.toThrow("first line of its standard input");
  });
});

describe("the platform's process", () => {
  it("says so and ends when it is told nothing", async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL("host.ts", import.meta.url))], { stdio: ["ignore", "pipe", "ignore"] });
    let said = "";
    child.stdout.on("data", (piece: Buffer) => (said += piece.toString("utf8")));
    const [code] = await once(child, "close");
    expect([code, JSON.parse(said)]).toMatchObject([1, { error: expect.stringContaining("first line of its standard input") }]);
  });
});
