/** The `factory` command as a process of its own against a gateway on a real port. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anOrder } from "./testing/builders.ts";
import { REPOSITORY, bufCurl, jsonObjects, run } from "./testing/edge-contract.ts";
import { startEdge, type Edge } from "./testing/edge.ts";

const FACTORY = join(REPOSITORY, "packages", "cli", "bin", "factory.mjs");

let edge: Edge;
let folder: string;
beforeAll(async () => {
  edge = await startEdge();
  folder = mkdtempSync(join(tmpdir(), "factory-cli-"));
  writeFileSync(join(folder, "order.md"), anOrder());
  writeFileSync(join(folder, "hold.md"), anOrder({ title: "Hold on" }));
  writeFileSync(join(folder, "vague.md"), `${anOrder()}\n## Acceptance criteria\n\n- The page is nice.\n`);
  writeFileSync(join(folder, "broken.md"), "# Broken\n\n## Goal\n\nNothing.\n\n```examples\nnone(1) =>\n```\n");
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await edge?.stop();
});

function factory(args: readonly string[], change: Partial<NodeJS.ProcessEnv> = {}): ReturnType<typeof run> {
  const { signingKey, apiKey } = edge.credentials;
  const secret = "secret" in signingKey ? signingKey.secret : "";
  const env = {
    ...process.env,
    FACTORY_URL: edge.url,
    FACTORY_API_KEY: apiKey,
    FACTORY_ENVELOPE_KEY_ID: signingKey.keyId,
    FACTORY_ENVELOPE_KEY: secret,
    ...change,
  };
  return run(process.execPath, [FACTORY, ...args], { env, cwd: folder });
}

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "");
const lastJson = (text: string): unknown => JSON.parse(linesOf(text).at(-1) ?? "null");

async function submitted(order: string): Promise<string> {
  const { stdout, stderr, code } = await factory(["submit", order]);
  expect(code, stderr).toBe(0);
  return linesOf(stdout)[0] ?? "";
}

describe("factory", () => {
  it("says what to do when the platform is not running", async () => {
    const { code, stderr } = await factory(["submit", "order.md"], { FACTORY_URL: "http://127.0.0.1:9" });
    expect(code).toBe(1);
    expect(stderr).toContain("npm start");
  });

  it("says what to do about a wrong key", async () => {
    const { code, stderr } = await factory(["cancel", "SES-1"], { FACTORY_API_KEY: `fk_acme_${"x".repeat(43)}` });
    expect(code).toBe(1);
    expect(stderr).toContain("Authorization: Bearer");
  });
});

describe("factory validate", () => {
  it("passes an order that parses", async () => {
    expect(await factory(["validate", "order.md"])).toMatchObject({ code: 0, stdout: expect.stringContaining("1 functions") });
  });

  it("exits 3 on a criterion that nobody can decide, with its line and a wording that can be", async () => {
    const { code, stdout } = await factory(["validate", "vague.md"]);
    expect(code).toBe(3);
    expect(linesOf(stdout)).toEqual([expect.stringMatching(/^vague\.md:\d+: CRITERION_UNTESTABLE: .*Write instead: A person confirms that/)]);
    expect(lastJson((await factory(["validate", "vague.md", "--json"])).stdout)).toMatchObject({ outcome: "REFUSED", faults: 1 });
  });

  it("exits 3 with line, rule and fix of every fault, and so do submit and envelope", async () => {
    const answers = await Promise.all(["validate", "submit", "envelope"].map((command) => factory([command, "broken.md"])));
    for (const { code, stdout } of answers) {
      expect(code).toBe(3);
      expect(linesOf(stdout).length).toBeGreaterThan(1);
      for (const line of linesOf(stdout)) expect(line).toMatch(/^broken\.md:\d+: [A-Z_]+: .{8}/);
    }
    const { stdout } = await factory(["submit", "broken.md", "--json"]);
    expect(lastJson(stdout)).toMatchObject({ outcome: "REFUSED" });
  });
});

describe("factory envelope", () => {
  it("prints a request that buf curl sends", async () => {
    const { stdout, code } = await factory(["envelope", "order.md"]);
    expect(code).toBe(0);
    const answer = await bufCurl(edge, "connect", "FactoryGateway/SubmitSession", stdout);
    expect(answer.code, answer.stderr).toBe(0);
    expect(jsonObjects(answer.stdout).at(-1)).toMatchObject({ event: { kind: "SESSION_EVENT_KIND_SESSION_COMPLETED" } });
  });
});

describe("factory submit", () => {
  it("follows to the end and exits 0, a line a bead", async () => {
    const { code, stdout } = await factory(["submit", "order.md", "--follow"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/SES-[0-9A-Z]{26}/);
    expect(stdout).toContain("✓ slugify");
    expect(linesOf(stdout).at(-1)).toBe("COMPLETED: done");
  });

  it("prints one JSON object a line, the result last", async () => {
    const { code, stdout } = await factory(["submit", "order.md", "--follow", "--json"]);
    expect(code).toBe(0);
    const objects = linesOf(stdout).map((line) => JSON.parse(line) as { kind?: string; outcome?: string });
    expect(objects[0]?.kind).toBe("SESSION_EVENT_KIND_SESSION_SUBMITTED");
    expect(objects.at(-1)).toEqual({ session: expect.stringMatching(/^SES-/), outcome: "COMPLETED" });
  });

  it("takes only the events of its mode", async () => {
    const { stdout } = await factory(["submit", "order.md", "--follow", "--json", "--mode", "terminal"]);
    expect(linesOf(stdout)).toHaveLength(3);
  });

  it("ends after the session id without --follow, though the session goes on", async () => {
    expect(await submitted("hold.md")).toMatch(/^SES-[0-9A-Z]{26}$/);
  });
});

describe("a session's commands", () => {
  it("show events, from a seq on, and where the session stands", async () => {
    const session = await submitted("hold.md");
    await edge.append(session, [{ kind: "COMPILATION_COMPLETE", payload: { fromState: "COMPILING", toState: "EXECUTING", reason: "" } }]);
    expect(linesOf((await factory(["events", session])).stdout)).toHaveLength(2);
    expect(linesOf((await factory(["events", session, "--after", "1"])).stdout)).toEqual([expect.stringContaining("COMPILING -> EXECUTING")]);
    expect(lastJson((await factory(["status", session, "--json"])).stdout)).toMatchObject({ session, state: "EXECUTING", review: null });
  });

  it("cancel it, and are told when there is nothing to cancel", async () => {
    const session = await submitted("hold.md");
    expect(await factory(["cancel", session, "--reason", "enough"])).toMatchObject({ code: 0, stdout: "CANCELLED\n" });
    const done = await submitted("order.md");
    expect(await factory(["cancel", done])).toMatchObject({ code: 1, stdout: expect.stringContaining("COMPLETED") });
  });

  it("exit 4 with the command that answers when a person is needed, and decide by the digest of the action", async () => {
    const session = await submitted("hold.md");
    const review = {
      reviewId: "REV-1",
      reviewType: "HUMAN_REVIEW",
      action: "deliver without C-2",
      actionDigest: "ab".repeat(32),
      promptText: "Is it right?",
      fromState: "ACCEPTING",
      toState: "IN_REVIEW",
    };
    await edge.append(session, [{ kind: "REVIEW_REQUIRED", payload: review }]);
    const [status, approved, unknown, unexplained] = await Promise.all([
      factory(["status", session]),
      factory(["approve", session, "REV-1", "--note", "fine"]),
      factory(["approve", session, "REV-9"]),
      factory(["reject", session, "REV-1"]),
    ]);
    expect(status.stdout).toContain(`npx factory approve ${session} REV-1`);
    expect(approved).toMatchObject({ code: 0, stdout: expect.stringContaining("deliver without C-2") });
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("REV-9") });
    expect(unexplained).toMatchObject({ code: 2, stderr: expect.stringContaining("--note") });
  });

  it("fetch what was made, digests checked", async () => {
    const session = await submitted("order.md");
    expect(await factory(["deliverable", session, "--out", "made"])).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, "made"), { recursive: true }).map(String).sort()).toEqual([
      "README.md",
      "evidence.json",
      "src",
      "src/b.ts",
      "src/empty.ts",
    ]);
    expect(await factory(["evidence", session, "-o", "package.json"])).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))).toEqual({ session });
  });

  it("say NOT_FOUND's advice for a session that is not there", async () => {
    expect(await factory(["status", "SES-0123456789ABCDEFGHJKMNPQRS"])).toMatchObject({ code: 1, stderr: expect.stringContaining("Check the id") });
  });
});
