import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kvKey } from "@factory/schemas";
import { stringify } from "yaml";
import { afterEach, describe, expect, test } from "vitest";
import { LABELS } from "../workers/linear-bridge/src/projection/labels.ts";
import { linearBootstrap } from "./linear-bootstrap.ts";
import { LinearStandIn, SEED } from "./linear/stand-in.ts";
import type { Wrangler, WranglerAnswer } from "./linear/wrangler.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const FACTORY = "https://factory.example";
const WEBHOOK = `${FACTORY}/webhooks/linear`;
const LABEL_COUNT = Object.keys(LABELS).length;
const MODE_BITS = 0o777;

type OrgOverrides = { readonly org?: string; readonly teamId?: string; readonly key?: string };

function anOrg({ org = "acme", teamId = SEED.team, key = "FAC" }: OrgOverrides = {}) {
  return { org, team: { id: teamId, key }, people: [] };
}

/** The account of a deploy: its one record of KV and the secrets that the bridge was given. */
class AccountDouble {
  readonly calls: (readonly string[])[] = [];
  readonly secrets: string[] = [];
  published: string | null = null;
  /** The next call that begins so ends with 1. */
  failing: string | undefined;

  readonly wrangler: Wrangler = async (args, input) => {
    this.calls.push(args);
    if (this.failing !== undefined && args.join(" ").startsWith(this.failing)) return { code: 1, output: "", errors: `not logged in${input ?? ""}\n` };
    return this.#answer(args, input);
  };

  #answer(args: readonly string[], input: string | undefined): WranglerAnswer {
    const done = (output = ""): WranglerAnswer => ({ code: 0, output, errors: "" });
    switch (args.slice(0, 3).join(" ")) {
      case "kv key list":
        return done(JSON.stringify(this.published === null ? [] : [{ name: kvKey.linearAuthority() }]));
      case "kv key get":
        return done(this.published ?? "");
      case "kv key put":
        this.published = readFileSync(args.at(-1) ?? "", "utf8");
        return done();
      case "secret put LINEAR_WEBHOOK_SECRET":
        this.secrets.push(input ?? "");
        return done();
      default:
        return { code: 1, output: "", errors: `Unknown: ${args.join(" ")}` };
    }
  }
}

/** A stand-in for Linear, an account and a registry file, and the command between them. */
class BootstrapWorld implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "linear-bootstrap-"));
  readonly secretFile = join(this.folder, "secret");
  readonly account = new AccountDouble();
  readonly linear: LinearStandIn;
  /** Everything that was ever printed. */
  readonly printed: string[] = [];
  env: NodeJS.ProcessEnv;

  private constructor(linear: LinearStandIn) {
    this.linear = linear;
    this.env = { LINEAR_API_KEY: linear.keyOf("ada"), LINEAR_API_URL: linear.apiUrl };
    this.write([anOrg()]);
  }

  static async start(): Promise<BootstrapWorld> {
    const world = new BootstrapWorld(await LinearStandIn.start());
    open.push(world);
    return world;
  }

  write(orgs: readonly object[], version = 1): void {
    writeFileSync(join(this.folder, "authority.yaml"), stringify({ schemaVersion: 1, version, orgs, approvals: { override: 2 } }));
  }

  /** Runs the command; the lines that it printed and its code. */
  async run(...args: string[]): Promise<{ code: number; text: string }> {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    const code = await linearBootstrap(["--url", FACTORY, "--authority", join(this.folder, "authority.yaml"), "--secret-file", this.secretFile, ...args], {
      env: this.env,
      print,
      printError: print,
      wrangler: this.account.wrangler,
      registryFile: join(this.folder, "registry.json"),
    });
    this.printed.push(...lines);
    return { code, text: lines.join("\n") };
  }

  /** The counts that `--json` ends with. */
  async result(...args: string[]): Promise<Record<string, number>> {
    const { text } = await this.run("--json", ...args);
    const lines = text.split("\n").map((line) => JSON.parse(line) as { result?: Record<string, number> });
    return lines.at(-1)?.result ?? {};
  }

  /** Another team of the workspace, with the same workflow. */
  addTeam(id: string, key: string): void {
    const { workspace } = this.linear;
    const [first] = workspace.teams;
    if (first === undefined) throw new Error("The workspace has no team.");
    workspace.teams.push({ ...first, id, key, labels: [], issues: [] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.linear[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true });
  }
}

/** Requests to the stand-in that change something. */
const changes = (world: BootstrapWorld): string[] => world.linear.requests.filter(({ query }) => query.startsWith("mutation")).flatMap(({ fields }) => fields);

describe("linear:bootstrap", () => {
  test("a team gets every label with its colour, and one webhook for comments", async () => {
    const world = await BootstrapWorld.start();
    expect((await world.run()).code).toBe(0);
    const { labels, webhooks } = world.linear.workspace;
    expect(Object.fromEntries(labels.map(({ name, color, description }) => [name, { color, description }]))).toEqual(LABELS);
    expect(labels.every(({ team }) => team?.id === SEED.team)).toBe(true);
    expect(webhooks).toMatchObject([{ url: WEBHOOK, enabled: true, allPublicTeams: false, resourceTypes: ["Comment"], team: { id: SEED.team } }]);
  });

  test("a second run changes nothing and says so", async () => {
    const world = await BootstrapWorld.start();
    await world.run("--apply");
    const before = changes(world).length;
    const { code, text } = await world.run("--apply");
    expect(text).toContain(`Nothing was changed, ${LABEL_COUNT + 3} as they should be.`);
    expect([code, changes(world).length, world.linear.workspace.webhooks.length, world.account.secrets.length]).toEqual([0, before, 1, 1]);
    expect(world.account.calls.filter((args) => args[2] === "put")).toHaveLength(1);
  });

  test("a label that is missing is made, and those that are there stay as people made them", async () => {
    const world = await BootstrapWorld.start();
    world.linear.mutations.issueLabelCreate({ name: "factory:waiting", color: "#123456", teamId: SEED.team });
    expect(await world.result()).toMatchObject({ problem: 0 });
    const { labels } = world.linear.workspace;
    expect([labels.length, labels.find(({ name }) => name === "factory:waiting")?.color]).toEqual([LABEL_COUNT, "#123456"]);
  });

  test("a dry run says what would be made and changes nothing anywhere", async () => {
    const world = await BootstrapWorld.start();
    expect(await world.result("--dry-run", "--apply")).toEqual({ unchanged: 1, changed: 0, planned: LABEL_COUNT + 2, left: 0, problem: 0 });
    expect([changes(world), world.account.secrets, world.account.published]).toEqual([[], [], null]);
    expect(() => statSync(world.secretFile)).toThrow("ENOENT");
    await world.run("--dry-run");
    expect(() => statSync(join(world.folder, "registry.json"))).toThrow("ENOENT");
  });

  test("the secret is random, in a file of its owner's, on wrangler's input, and printed nowhere", async () => {
    const world = await BootstrapWorld.start();
    await world.run("--apply");
    const secret = readFileSync(world.secretFile, "utf8");
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(world.secretFile).mode & MODE_BITS).toBe(0o600);
    expect([world.account.secrets, world.linear.workspace.webhooks.map((webhook) => webhook.secret)]).toEqual([[secret], [secret]]);
    expect(JSON.stringify([world.printed, world.account.calls])).not.toContain(secret);
    const other = await BootstrapWorld.start();
    await other.run();
    expect(readFileSync(other.secretFile, "utf8")).not.toBe(secret);
  });

  test("without --apply the commands are printed and nothing of the account is touched", async () => {
    const world = await BootstrapWorld.start();
    const { code, text } = await world.run();
    expect(text).toContain(`npx wrangler secret put LINEAR_WEBHOOK_SECRET --config workers/linear-bridge/wrangler.jsonc < ${world.secretFile}`);
    expect(text).toContain("npx wrangler kv key put --binding CONFIG --remote --config workers/linear-bridge/wrangler.jsonc linear-authority --path ");
    expect([code, world.account.calls]).toEqual([0, []]);
    expect(JSON.parse(readFileSync(join(world.folder, "registry.json"), "utf8"))).toMatchObject({ version: 1, orgs: [{ org: "acme" }] });
    expect((await world.run()).text).toContain("publish version 1 (as it was) with:");
  });

  test("a wrangler that fails leaves no webhook that the bridge does not believe, and the next run has the same secret", async () => {
    const world = await BootstrapWorld.start();
    world.account.failing = "secret put";
    const { code, text } = await world.run("--apply");
    expect([code, world.linear.workspace.webhooks]).toEqual([1, []]);
    expect(text).toContain("not logged in***");
    const secret = readFileSync(world.secretFile, "utf8");
    world.account.failing = undefined;
    expect((await world.run("--apply")).code).toBe(0);
    expect(world.linear.workspace.webhooks.map((webhook) => webhook.secret)).toEqual([secret]);
    expect(world.printed.join("\n")).not.toContain(secret);
  });

  test("a webhook that is added for another team shares the secret, and is not made where the secret is not known", async () => {
    const world = await BootstrapWorld.start();
    await world.run();
    const secret = readFileSync(world.secretFile, "utf8");
    const second = "7ea30000-0000-4000-8000-000000000002";
    world.addTeam(second, "OPS");
    world.write([anOrg(), anOrg({ org: "other", teamId: second, key: "OPS" })], 2);
    rmSync(world.secretFile);
    const { code, text } = await world.run();
    expect([code, world.linear.workspace.webhooks.length]).toEqual([1, 1]);
    expect(text).toContain(`its secret is not in ${world.secretFile}: put it there`);
    writeFileSync(world.secretFile, `${secret}\n`);
    expect((await world.run()).code).toBe(0);
    expect(world.linear.workspace.webhooks.map((webhook) => [webhook.team?.key, webhook.secret])).toEqual([
      ["FAC", secret],
      ["OPS", secret],
    ]);
  });

  test.each([
    ["is switched off", { enabled: false }],
    ["is not told of comments", { resourceTypes: ["Issue"] }],
  ])("a webhook that %s is told of, and no second one is made", async (fault, change) => {
    const world = await BootstrapWorld.start();
    await world.run();
    const [webhook] = world.linear.workspace.webhooks;
    world.linear.mutations.webhookUpdate(webhook?.id ?? "", change);
    const { code, text } = await world.run();
    expect([code, world.linear.workspace.webhooks.length]).toEqual([1, 1]);
    expect(text).toContain(`! acme: the webhook ${webhook?.id} of team FAC ${fault}: mend or remove it`);
  });

  test("a team that the key does not see and a workflow without a kind of state are told of, and the rest is set up", async () => {
    const world = await BootstrapWorld.start();
    world.linear.workspace.states.splice(0, world.linear.workspace.states.length, ...world.linear.workspace.states.filter(({ type }) => type !== "completed"));
    world.write([anOrg({ org: "other", teamId: "nowhere", key: "NOW" }), anOrg()]);
    const { code, text } = await world.run();
    expect(text).toContain("! other: the key sees no team nowhere (NOW)");
    expect(text).toContain("! acme: team FAC has no state for work that is done: add one of type completed");
    expect([code, world.linear.workspace.labels.length, world.linear.workspace.webhooks.length]).toEqual([1, LABEL_COUNT, 1]);
  });

  test("a wrong key is told with what to do, and so is a Linear that does not answer", async () => {
    const world = await BootstrapWorld.start();
    world.env = { ...world.env, LINEAR_API_KEY: "lin_api_nobody" };
    const wrong = await world.run();
    expect(wrong).toMatchObject({ code: 1, text: expect.stringContaining("Make a personal API key in Linear") });
    expect(wrong.text).not.toContain("lin_api_nobody");
    world.env = { ...world.env, LINEAR_API_URL: "http://127.0.0.1:1/graphql" };
    expect(await world.run()).toMatchObject({ code: 1, text: expect.stringContaining("Look whether http://127.0.0.1:1/graphql can be reached") });
  });

  test("Linear's rate limit is told with its wait, and what was made before it stays", async () => {
    const world = await BootstrapWorld.start();
    world.linear.fail({ kind: "rate-limited", retryAfterSeconds: 42, field: "webhooks" });
    expect(await world.run()).toMatchObject({ code: 1, text: expect.stringContaining("Linear asks to wait 42 seconds") });
    world.linear.heal();
    expect((await world.run()).code).toBe(0);
    expect([world.linear.workspace.labels.length, world.linear.workspace.webhooks.length]).toEqual([LABEL_COUNT, 1]);
  });
});

describe("the registry", () => {
  test("one that the bridge would not take is refused by line, and Linear is not asked", async () => {
    const world = await BootstrapWorld.start();
    writeFileSync(join(world.folder, "authority.yaml"), "schemaVersion: 1\nversion: 0\norgs: []\napprovals:\n  override: 1\n");
    const { code, text } = await world.run();
    expect([code, world.linear.requests]).toEqual([1, []]);
    expect(text).toMatch(/authority\.yaml:2: version: .*\n.*authority\.yaml:5: approvals\.override: /);
  });

  test("a new version is published as the bridge reads it; another content of the same version and an older one are not", async () => {
    const world = await BootstrapWorld.start();
    await world.run("--apply");
    world.write([{ ...anOrg(), project: SEED.project }], 2);
    expect((await world.run("--apply")).text).toContain("+ version 2 is published");
    expect(JSON.parse(world.account.published ?? "")).toMatchObject({ version: 2, orgs: [{ project: SEED.project }] });
    world.write([anOrg()], 2);
    expect(await world.run("--apply")).toMatchObject({ code: 1, text: expect.stringContaining("version 2 is published with another content: raise version") });
    world.write([anOrg()], 1);
    expect(await world.run("--apply")).toMatchObject({ code: 1, text: expect.stringContaining("which is newer than the file's 1") });
    expect(JSON.parse(world.account.published ?? "")).toMatchObject({ version: 2, orgs: [{ project: SEED.project }] });
  });

  test("one that permits nothing since it is none is replaced", async () => {
    const world = await BootstrapWorld.start();
    world.account.published = "{}";
    expect((await world.run("--apply")).text).toContain("+ version 1 is published");
  });

  test("without an organisation nothing is made in Linear, and it can still be published, which permits nobody", async () => {
    const world = await BootstrapWorld.start();
    world.write([]);
    const { code, text } = await world.run("--apply");
    expect([code, changes(world), JSON.parse(world.account.published ?? "")]).toMatchObject([0, [], { orgs: [] }]);
    expect(text).toContain("the registry names no organisation");
  });
});

describe("the arguments", () => {
  test.each<[string, NodeJS.ProcessEnv, string[]]>([
    ["LINEAR_API_KEY is not set", { LINEAR_API_KEY: " " }, []],
    ["LINEAR_API_URL must be https", { LINEAR_API_URL: "http://linear.example/graphql" }, []],
    ["Linear sends only to a public https address", { LINEAR_API_URL: "https://linear.example/graphql" }, ["--url", "http://127.0.0.1:8787"]],
    ["--url must be an address", {}, ["--url", "factory.example"]],
    ["Unknown option '--nonsense'", {}, ["--nonsense"]],
  ])("%s: usage", async (message, env, args) => {
    const world = await BootstrapWorld.start();
    world.env = { ...world.env, ...env };
    expect(await world.run(...args)).toMatchObject({ code: 2, text: expect.stringContaining(message) });
    expect(world.linear.requests).toEqual([]);
  });

  test("--help needs no key", async () => {
    const world = await BootstrapWorld.start();
    world.env = {};
    expect(await world.run("--help")).toMatchObject({ code: 0, text: expect.stringContaining("Exit codes:") });
  });
});
