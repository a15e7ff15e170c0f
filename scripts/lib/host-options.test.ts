import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { authorityFor } from "../linear/demo-steering.ts";
import { PlatformStartError } from "../platform/spawn.ts";
import { HOST_VARIABLES_HELP, hostOptionsFrom, LINEAR_VARIABLES_HELP, linearOptionsFrom } from "./host-options.ts";

let folder: string | undefined;
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

/** A file with this text. */
function aFile(text: string): string {
  folder ??= mkdtempSync(join(tmpdir(), "factory-options-"));
  const path = join(folder, "authority.yaml");
  writeFileSync(path, text);
  return path;
}

const SECRETS = { FACTORY_LINEAR_API_KEY: "lin_api_1", FACTORY_LINEAR_WEBHOOK_SECRET: "lin_wh_1" };

/** Why these variables are refused. */
function refusalOf(env: NodeJS.ProcessEnv, read: (env: NodeJS.ProcessEnv) => unknown = linearOptionsFrom): string {
  try {
    read(env);
  } catch (err) {
    // Nothing else is told to whoever started it as a sentence.
    expect(err).toBeInstanceOf(PlatformStartError);
    return (err as Error).message;
  }
  throw new Error("The variables were taken.");
}

describe("where the platform is", () => {
  it("is the default port and the loopback address unless the environment says otherwise", () => {
    expect(hostOptionsFrom({})).toEqual({ port: 8_787, announce: true });
    expect(hostOptionsFrom({ FACTORY_URL: " " })).not.toHaveProperty("publicUrl");
    expect(hostOptionsFrom({ PORT: "9000", FACTORY_STATE: "/tmp/state", FACTORY_URL: "https://factory.example/" })).toEqual({
      port: 9_000,
      announce: true,
      stateDirectory: "/tmp/state",
      publicUrl: "https://factory.example/",
    });
  });

  it.each([
    ["PORT", "0", "PORT must be a number from 1 to 65535"],
    ["PORT", "http", "PORT must be a number from 1 to 65535"],
    ["FACTORY_URL", "factory.example", "FACTORY_URL must be an address"],
    ["FACTORY_URL", "javascript:alert(1)", "FACTORY_URL must be an address"],
  ])("is refused where %s is %s", (name, value, message) => {
    expect(refusalOf({ [name]: value }, hostOptionsFrom)).toContain(message);
  });
});

describe("Linear in the environment", () => {
  it("is off where nothing is set", () => {
    expect(linearOptionsFrom({})).toBeUndefined();
    expect(linearOptionsFrom({ FACTORY_LINEAR_API_KEY: "", FACTORY_URL: "https://factory.example" })).toBeUndefined();
  });

  it("is Linear's API with the registry of this repository, unless told otherwise", () => {
    expect(linearOptionsFrom(SECRETS)).toEqual({
      apiUrl: "https://api.linear.app/graphql",
      apiKey: "lin_api_1",
      webhookSecret: "lin_wh_1",
      authority: { schemaVersion: 1, version: 1, orgs: [], approvals: { override: 2 } },
    });
  });

  it("takes a registry and an API of one's own", () => {
    const authority = authorityFor("acme");
    // JSON is YAML.
    const file = aFile(JSON.stringify(authority));
    const options = linearOptionsFrom({ ...SECRETS, FACTORY_LINEAR_AUTHORITY: file, FACTORY_LINEAR_API_URL: "http://127.0.0.1:8790/graphql" });
    expect(options).toMatchObject({ apiUrl: "http://127.0.0.1:8790/graphql", authority });
  });

  it.each([
    [["FACTORY_LINEAR_API_KEY"], "FACTORY_LINEAR_WEBHOOK_SECRET is missing. Set it, or unset FACTORY_LINEAR_API_KEY"],
    [["FACTORY_LINEAR_WEBHOOK_SECRET"], "FACTORY_LINEAR_API_KEY is missing. Set it, or unset FACTORY_LINEAR_WEBHOOK_SECRET"],
    [["FACTORY_LINEAR_AUTHORITY"], "FACTORY_LINEAR_API_KEY and FACTORY_LINEAR_WEBHOOK_SECRET are missing. Set them, or unset FACTORY_LINEAR_AUTHORITY"],
    [["FACTORY_LINEAR_API_KEY", "FACTORY_LINEAR_API_URL"], "unset FACTORY_LINEAR_API_KEY, FACTORY_LINEAR_API_URL to start without Linear."],
  ])("is all or nothing: %s alone is refused, and what is missing is named", (names, message) => {
    const refusal = refusalOf(Object.fromEntries(names.map((name) => [name, "https://canary.example"])));
    expect(refusal).toContain(message);
    // A key that was put into the wrong variable is told to nobody.
    expect(refusal).not.toContain("canary");
  });

  it("sends its key over no open line but on this machine", () => {
    expect(refusalOf({ ...SECRETS, FACTORY_LINEAR_API_URL: "http://linear.example/graphql" })).toContain("must be https");
    expect(refusalOf({ ...SECRETS, FACTORY_LINEAR_API_URL: "http://127.0.0.1.example/graphql" })).toContain("must be https");
    expect(linearOptionsFrom({ ...SECRETS, FACTORY_LINEAR_API_URL: "http://localhost:1/graphql" })?.apiUrl).toBe("http://localhost:1/graphql");
  });

  it("is refused with a registry that is none, by line", () => {
    const path = aFile("schemaVersion: 1\nversion: 1\norgs: []\napprovals:\n  override: 1\n");
    expect(refusalOf({ ...SECRETS, FACTORY_LINEAR_AUTHORITY: path })).toContain(`\n${path}:5: approvals.override: `);
    expect(refusalOf({ ...SECRETS, FACTORY_LINEAR_AUTHORITY: "/nowhere.yaml" })).toContain("/nowhere.yaml cannot be read");
  });
});

it("helps with every variable that it reads", () => {
  const read = new Set<string>();
  const env = new Proxy<NodeJS.ProcessEnv>(SECRETS, { get: (target, name: string) => (read.add(name), target[name]) });
  hostOptionsFrom(env);
  linearOptionsFrom(env);
  expect(read.size).toBe(7);
  for (const name of read) expect(`${HOST_VARIABLES_HELP}\n${LINEAR_VARIABLES_HELP}`).toContain(`  ${name} `);
});
