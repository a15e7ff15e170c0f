import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPOSITORY } from "./lib/repository.ts";
import { freePort, isPortFree } from "./platform/ports.ts";

let directory: string;
let port: number;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "factory-demo-"));
  port = await freePort();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

type Ended = { readonly code: number | null; readonly lines: readonly string[]; readonly errors: string };

/** Runs the demo as `npm run demo` does, in a folder of its own. */
function demo(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(REPOSITORY, "scripts", "demo.ts"), ...args], {
      cwd: directory,
      env: { ...process.env, INIT_CWD: directory, PORT: String(port), FACTORY_STATE: join(directory, "state") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString("utf8")));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, lines: output.trimEnd().split("\n"), errors }));
  });
}

type ResultLine = {
  readonly session: string | null;
  readonly outcome: string;
  readonly reason?: string;
  readonly beads: { done: number; failed: number };
  readonly checks: { passed: number; failed: number };
  readonly out: string | null;
};

const result = ({ lines }: Ended): ResultLine => JSON.parse(lines.at(-1) ?? "") as ResultLine;

/** Command lines of processes that name the state folder or hold the port. */
function leftovers(): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || !existsSync(`/proc/${pid}/cmdline`)) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return command.includes(directory) ? [command] : [];
    } catch {
      // The process ended between the listing and the reading.
      return [];
    }
  });
}

describe("npm run demo", () => {
  it("runs an order to its end: one JSON object a line, the result last, final files only, nothing left running", async () => {
    const ended = await demo(join(REPOSITORY, "examples", "order-text-tools.md"), "--json");
    expect(ended.code, ended.errors).toBe(0);
    for (const line of ended.lines) expect(typeof JSON.parse(line)).toBe("object");
    const last = result(ended);
    expect(last).toMatchObject({ outcome: "COMPLETED", beads: { failed: 0 }, checks: { failed: 0 }, out: `out/${last.session}` });
    expect(last.checks.passed).toBeGreaterThan(0);
    expect(readdirSync(join(directory, last.out ?? "")).sort()).toEqual(["README.md", "evidence.json", "src", "tests"]);
    expect(leftovers()).toEqual([]);
    expect(await isPortFree(port)).toBe(true);
  });

  it("exits 4 where a person is needed, and says so in the result", async () => {
    const ended = await demo(join(REPOSITORY, "examples", "order-calculator.md"), "--json");
    expect(ended.code, ended.errors).toBe(4);
    expect(result(ended)).toMatchObject({ outcome: "IN_REVIEW", out: null });
    expect(result(ended).reason).toContain("What to do");
    expect(leftovers()).toEqual([]);
  });

  it("exits 3 for a malformed order and lists every fault with its line and fix, without starting anything", async () => {
    const order = join(directory, "malformed.md");
    writeFileSync(
      order,
      [
        "## Goal",
        "",
        "Something.",
        "",
        "## Acceptance criteria",
        "",
        "1. `twice` doubles.",
        "",
        "```ts",
        "export function twice(n: number): number;",
        "```",
        "",
        "```examples",
        "twice(1) => ",
        "thrice(2) => 6",
        "```",
        "",
      ].join("\n"),
    );
    const ended = await demo(order, "--json");
    expect(ended.code).toBe(3);
    const last = result(ended);
    expect(last).toMatchObject({ session: null, outcome: "REFUSED" });
    expect(last.reason).toMatch(/malformed\.md:14: /);
    expect(last.reason).toMatch(/malformed\.md:15: /);
  });

  it("says when the port is taken and what to do", async () => {
    const holder = createServer().listen(port, "127.0.0.1");
    try {
      const ended = await demo(join(REPOSITORY, "examples", "order-text-tools.md"));
      expect(ended.code).toBe(2);
      expect(ended.errors).toContain(`Port ${port} is taken`);
      expect(ended.errors).toContain("PORT=");
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  it("exits 2 for an order that is not there", async () => {
    const ended = await demo(join(directory, "absent.md"));
    expect(ended.code).toBe(2);
    expect(ended.errors).toContain("absent.md");
  });
});
