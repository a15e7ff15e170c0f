/** The sample policy on the whole platform, and lineage as a session leaves it: by the generated client, `buf curl` and the command line. */
import { join } from "node:path";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { submitAndFollow } from "@factory/cli";
import { GetKnowingStateResponseSchema, LineageResponseSchema, WhyResponseSchema } from "@factory/schemas/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPOSITORY } from "../scripts/lib/repository.ts";
import { run, type Finished } from "../scripts/lib/run.ts";
import { startTestPlatform, type TestPlatform } from "../scripts/testing/test-platform.ts";

const EXAMPLES = join(REPOSITORY, "examples");
const FACTORY = join(REPOSITORY, "packages", "cli", "bin", "factory.mjs");

let platform: TestPlatform;
/** What the session wrote, by type. */
const written = new Map<string, string>();
beforeAll(async () => {
  platform = await startTestPlatform();
  const view = await submitAndFollow(platform.client, await platform.request(join(EXAMPLES, "order-text-tools.md")), {
    until: ({ state }) => state === "EXECUTING",
    onEvent: ({ payload }) => {
      if (payload.case === "artifact" && payload.value.artifactType !== undefined) written.set(payload.value.artifactType, payload.value.artifactId);
    },
  });
  if (view.state !== "EXECUTING") throw new Error(`The session is ${view.state}: ${view.terminal?.reason ?? ""}`);
  await platform.client.gateway.cancelSession({ sessionId: view.sessionId, reason: "its lineage is all that is needed" });
});
afterAll(() => platform?.dispose());

function factory(...args: string[]): Promise<Finished> {
  return run(process.execPath, [FACTORY, ...args, "--url", platform.url, "--key", platform.credentials.apiKey]);
}

/** What a method answers to `buf curl`. */
async function bufCurl(protocol: string, method: string, request: object): Promise<JsonValue> {
  const authorization = `Authorization: Bearer ${platform.credentials.apiKey}`;
  const url = `${platform.url}/factory.v1.FactoryAdmin/${method}`;
  const { code, output } = await run("buf", ["curl", "--schema", "proto", "--protocol", protocol, "-H", authorization, "-d", JSON.stringify(request), url]);
  expect(code, output).toBe(0);
  return JSON.parse(output) as JsonValue;
}

/** The artifact of a type that the session wrote. */
function the(type: string): string {
  const id = written.get(type);
  if (id === undefined) throw new Error(`The session wrote no ${type}.`);
  return id;
}

describe("a session's lineage", () => {
  it("is found without naming its assembly, down to the pressure and the signal", async () => {
    const { assembly, causes } = await platform.client.admin.why({ artifactId: the("Specification") });
    expect(assembly).toBe("main");
    expect(causes?.nodes.map(({ id }) => id)).toEqual(expect.arrayContaining([the("Pressure"), the("Signal")]));
    expect(causes?.nodes.filter(({ title }) => title === "")).toEqual([]);
    const claim = `${the("Specification")}.C-1`;
    expect((await platform.client.admin.why({ artifactId: claim })).causes?.nodes[0]).toMatchObject({ id: claim, type: "Claim" });
  });

  it.each([["connect"], ["grpcweb"]])("is called by buf curl over %s", async (protocol) => {
    const { causes } = fromJson(WhyResponseSchema, await bufCurl(protocol, "Why", { artifactId: the("Specification") }));
    expect(causes?.nodes.map(({ type }) => type)).toEqual(expect.arrayContaining(["Pressure", "Signal"]));
  });

  it("is told by the command line as a path and as trees", async () => {
    const why = await factory("why", the("Specification"));
    expect(why.code, why.output).toBe(0);
    expect(why.output).toMatch(/^Specification SPEC-/);
    expect(why.output).toMatch(/^Pressure PRS-.*\n.*\nSignal SIG-/m);
    const lineage = await factory("lineage", the("IntentSpecification"), "--json");
    const { causes, effects } = JSON.parse(lineage.output) as { causes: JsonValue; effects: JsonValue };
    const graphs = fromJson(LineageResponseSchema, { causes, effects });
    expect(graphs.causes?.nodes.map(({ id }) => id)).toContain(the("Signal"));
    expect(graphs.effects?.nodes.map(({ id }) => id)).toContain(the("Specification"));
  });
});

describe("policy-coder-propose.yaml", () => {
  it("governs the coder once it is applied, and a revoked trust goes below it", async () => {
    const { admin } = platform.client;
    expect(await admin.getKnowingState({ role: "coder" })).toMatchObject({ autonomy: "EXECUTE_BOUNDED", policyScope: "role:coder" });
    const applied = await factory("policy", "apply", join(EXAMPLES, "policy-coder-propose.yaml"));
    expect(applied.code, applied.output).toBe(0);
    expect(applied.output).toContain("+autonomy: PROPOSE");
    expect(applied.output).toContain("applied: role:coder version 2");
    expect(await admin.getKnowingState({ role: "coder" })).toMatchObject({ autonomy: "PROPOSE" });
    await admin.revokeTrust({ subjectId: "agent:coder", rationale: "To see that it is seen." });
    const state = fromJson(GetKnowingStateResponseSchema, await bufCurl("connect", "GetKnowingState", { role: "coder" }));
    expect(state).toMatchObject({ autonomy: "SUGGEST", trust: { standing: "inactive" } });
    expect(state.history[0]).toMatchObject({ writtenBy: "dev", type: "trust" });
  });
});
