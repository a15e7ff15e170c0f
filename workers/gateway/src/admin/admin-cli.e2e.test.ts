/** The `factory` commands about lineage and governance, each as a process of its own, against the real graphs. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { REPOSITORY, run } from "../testing/edge-contract.ts";
import { startEdge, type Edge } from "../testing/edge.ts";
import { aLineage, type Lineage } from "../testing/lineage.ts";

const FACTORY = join(REPOSITORY, "packages", "cli", "bin", "factory.mjs");
const SAMPLE = join(REPOSITORY, "examples", "policy-coder-propose.yaml");

let edge: Edge;
let folder: string;
let ids: Lineage["ids"];
beforeAll(async () => {
  edge = await startEdge();
  folder = mkdtempSync(join(tmpdir(), "factory-admin-"));
  const lineage = aLineage(edge.credentials.org);
  ids = lineage.ids;
  await edge.remember("shop", lineage);
  await edge.remember("billing", aLineage(edge.credentials.org, "Bills"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await edge?.stop();
});

function factory(...args: string[]): ReturnType<typeof run> {
  const env = { ...process.env, FACTORY_URL: edge.url, FACTORY_API_KEY: edge.credentials.apiKey };
  return run(process.execPath, [FACTORY, ...args], { env, cwd: folder });
}

const lastJson = (text: string): unknown => JSON.parse(text.trimEnd().split("\n").at(-1) ?? "null");

describe("factory lineage", () => {
  it("prints causes and effects as trees, each artifact once, without colour in a pipe", async () => {
    const { code, stdout, stderr } = await factory("lineage", ids.specification);
    expect(code, stderr).toBe(0);
    expect(stdout.split("\n")).toEqual([
      `Specification ${ids.specification}  Slugs · version 1`,
      "",
      "causes",
      expect.stringMatching(/^├─ (source_ref|addresses) → \w+ (IS|PRS)-/),
      expect.anything(),
      expect.anything(),
      expect.anything(),
      "",
      "effects",
      expect.stringContaining(`composed_of → Claim ${ids.specification}.C-`),
      expect.anything(),
      expect.anything(),
      "",
    ]);
    expect(stdout.match(new RegExp(`Pressure ${ids.pressure}`, "g"))).toHaveLength(2);
    expect(stdout.match(/\(see (above|below)\)/g)).toHaveLength(1);
    expect(stdout.match(new RegExp(`Signal ${ids.signal}`, "g"))).toHaveLength(1);
  });

  it("takes a direction, a depth and an assembly, and gives one JSON object", async () => {
    const { stdout } = await factory("lineage", ids.claim, "--direction", "causes", "--depth", "1", "--assembly", "shop", "--json");
    expect(lastJson(stdout)).toMatchObject({
      outcome: "COMPLETED",
      artifact: ids.claim,
      assembly: "shop",
      causes: { nodes: [{ id: ids.claim }, { id: ids.specification }], edges: [{ rel: "composed_of", cause: "CAUSAL_END_SOURCE" }] },
    });
    expect(lastJson(stdout)).not.toHaveProperty("effects");
  });

  it("says how many assemblies were looked in for an artifact that is not there", async () => {
    const { code, stdout, stderr } = await factory("lineage", "SPEC-0123456789ABCDEFGHJKMNPQRS", "--json");
    expect(code).toBe(1);
    expect(stderr).toContain("any of the 2 assemblies");
    expect(lastJson(stdout)).toMatchObject({ outcome: "FAILED", reason: expect.stringContaining("2 assemblies") });
  });

  it("says that there is more when a bound was reached", async () => {
    expect((await factory("lineage", ids.signal, "--limit", "2")).stdout).toContain("There are more effects");
  });
});

describe("factory why and factory impact", () => {
  it("tell the path to the pressure and the signal, a relation between each two", async () => {
    const { code, stdout } = await factory("why", ids.divergence);
    expect(code).toBe(0);
    const lines = stdout.split("\n");
    expect(
      lines
        .filter((_, index) => index % 2 === 0)
        .slice(0, 5)
        .map((line) => line.split(" ")[0]),
    ).toEqual(["Divergence", "Claim", "Specification", "Pressure", "Signal"]);
    expect(lines.slice(0, 9).filter((_, index) => index % 2 === 1)).toEqual(["  concerns →", "  ← composed_of", "  addresses →", "  source_ref →"]);
    expect(stdout).toContain(`1 further causes: factory lineage ${ids.divergence} --direction causes`);
    expect(lastJson((await factory("why", ids.divergence, "--json")).stdout)).toMatchObject({
      path: [{ id: ids.divergence }, {}, {}, {}, { id: ids.signal, rel: "source_ref" }],
    });
  });

  it("tell what depends on an artifact", async () => {
    const { code, stdout } = await factory("impact", ids.claim);
    expect(code).toBe(0);
    expect(stdout).toContain(`└─ ← concerns Divergence ${ids.divergence}  atom-failure · C-1 · it does not`);
  });
});

describe("factory knowing-state and factory trust", () => {
  it("set and revoke trust, and the next reader sees it", async () => {
    expect((await factory("knowing-state", "integrator")).stdout).toContain("integrator as agent:integrator: EXECUTE_BOUNDED, the least of");
    const set = await factory("trust", "set", "agent:integrator", "0.6", "--rationale", "Two merges were wrong.", "--expires", "2099-01-01T00:00:00Z");
    expect(set, set.stderr).toMatchObject({ code: 0 });
    expect(set.stdout).toContain("-> APPROVED 0.6 until 2099-01-01T00:00:00Z (Two merges were wrong.)");
    expect((await factory("knowing-state", "integrator")).stdout).toContain("integrator as agent:integrator: PROPOSE");
    const again = await factory("trust", "set", "agent:integrator", "0.6", "--rationale", "Again.", "--expires", "2099-01-01T00:00:00Z");
    expect(again.stdout).toContain("nothing changes");
    const revoked = await factory("trust", "revoke", "agent:integrator", "--rationale", "It is enough.", "--json");
    expect(lastJson(revoked.stdout)).toMatchObject({ outcome: "COMPLETED", changed: true, previous: { score: 0.6 }, trust: { status: "REVOKED" } });
    const state = await factory("knowing-state", "integrator", "--json");
    expect(lastJson(state.stdout)).toMatchObject({ outcome: "COMPLETED", autonomy: "SUGGEST", trust: { standing: "inactive" } });
    expect((await factory("knowing-state", "integrator")).stdout).toContain("it is REVOKED: It is enough.");
  });

  it("say everything that is wrong with a change", async () => {
    const { code, stderr } = await factory("trust", "set", "agent:codr", "0.5", "--rationale", "x", "--expires", "soon");
    expect(code).toBe(1);
    expect(stderr).toContain("subject_id: names no agent");
    expect(stderr).toContain("expires_at: must be an RFC 3339 time");
  });

  it("say which roles there are", async () => {
    expect(await factory("knowing-state", "codr")).toMatchObject({ code: 1, stderr: expect.stringContaining("coder, integrator, verifier:outcome") });
  });
});

describe("factory consent", () => {
  it("sets and revokes what a role may call, shows what is added and removed, and the next reader sees it", async () => {
    const tools = "write_file,read_file,run_checks";
    const set = await factory("consent", "set", "integrator", "--grant", tools, "--expires", "2099-01-01T00:00:00Z");
    expect(set, set.stderr).toMatchObject({ code: 0 });
    expect(set.stdout.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^integrator: ACTIVE read_file, .* -> ACTIVE read_file, run_checks, write_file until 2099-01-01T00:00:00Z$/),
      "- ask_clarification",
      "- list_files",
      "- search_files",
      expect.stringMatching(/^KSB-/),
    ]);
    expect((await factory("knowing-state", "integrator")).stdout).toContain("\n  read_file, run_checks, write_file\n");
    const again = await factory(
      "consent",
      "set",
      "integrator",
      "--grant",
      "run_checks",
      "--grant",
      "read_file, write_file",
      "--expires",
      "2099-01-01T00:00:00Z",
    );
    expect(again.stdout).toBe("integrator: ACTIVE read_file, run_checks, write_file until 2099-01-01T00:00:00Z already; nothing changes.\n");
    const revoked = await factory("consent", "revoke", "integrator", "--json");
    expect(lastJson(revoked.stdout)).toMatchObject({
      outcome: "COMPLETED",
      role: "integrator",
      changed: true,
      beadId: expect.stringMatching(/^KSB-/),
      previous: { status: "ACTIVE", expiresAt: "2099-01-01T00:00:00Z" },
      consent: { status: "REVOKED" },
      added: [],
      removed: ["read_file", "run_checks", "write_file"],
    });
    expect((await factory("knowing-state", "integrator")).stdout).toContain("it is REVOKED");
    const back = await factory("consent", "set", "integrator", "--grant", "read_file");
    expect(back.stdout).toMatch(/^integrator: REVOKED -> ACTIVE read_file\n\+ read_file\nKSB-\S+\n$/);
  });

  it("says everything that is wrong with a change", async () => {
    const { code, stderr } = await factory("consent", "set", "codr", "--grant", "read_file,,fly", "--expires", "soon");
    expect(code).toBe(1);
    for (const problem of ["role: must be one of coder", "grants.1: names no tool", "grants.2: names no tool", "expires_at: must be an RFC 3339 time"])
      expect(stderr).toContain(problem);
    expect((await factory("consent", "set", "coder", "--grant", "")).stderr).toContain("grants: names no tool; to end a consent, revoke it.");
  });
});

describe("factory policy apply", () => {
  beforeEach(() => copyFileSync(SAMPLE, join(folder, "policy.yaml")));

  it("shows what the sample changes, writes nothing on a dry run, and puts it in force once", async () => {
    const dry = await factory("policy", "apply", "policy.yaml", "--dry-run");
    expect(dry, dry.stderr).toMatchObject({ code: 0 });
    expect(dry.stdout).toMatch(/^--- role:coder version 1\tKSB-\S+\n\+\+\+ role:coder version 2\tKSB-/);
    expect(dry.stdout).toContain("\n-autonomy: EXECUTE_BOUNDED\n");
    expect(dry.stdout).toContain("\n+autonomy: PROPOSE\n");
    expect(dry.stdout).toContain("dry run: nothing was written");
    expect((await factory("knowing-state", "coder")).stdout).toContain("coder as agent:coder: EXECUTE_BOUNDED");
    const applied = await factory("policy", "apply", "policy.yaml");
    expect(applied.stdout).toMatch(/applied: role:coder version 2, KSB-/);
    expect((await factory("knowing-state", "coder")).stdout).toContain("coder as agent:coder: PROPOSE");
    const again = await factory("policy", "apply", "policy.yaml", "--json");
    expect(lastJson(again.stdout)).toMatchObject({
      outcome: "COMPLETED",
      dryRun: false,
      policies: [{ scope: "role:coder", changed: false, version: 2, diff: "" }],
    });
  });

  it("exits 3 with the line of every fault, its own and the platform's, and applies nothing", async () => {
    writeFileSync(join(folder, "syntax.yaml"), "scope: role:coder\nautonomy: [PROPOSE\n");
    writeFileSync(
      join(folder, "wrong.yaml"),
      "scope: role:coder\nautonomy: SUGGEST\n---\nscope: org\nautonomy: NONE\nrules:\n  tools:\n    - read_file\n    - fly\n",
    );
    expect(await factory("policy", "apply", "syntax.yaml")).toMatchObject({ code: 3, stdout: expect.stringMatching(/^syntax\.yaml:3: /) });
    const wrong = await factory("policy", "apply", "wrong.yaml");
    expect(wrong.code).toBe(3);
    expect(wrong.stdout.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^wrong\.yaml:5: autonomy must be one of/),
      expect.stringMatching(/^wrong\.yaml:9: rules\.tools\.1 names no tool/),
    ]);
    expect(lastJson((await factory("policy", "apply", "wrong.yaml", "--json")).stdout)).toMatchObject({ outcome: "REFUSED", faults: 2 });
    expect((await factory("knowing-state", "coder")).stdout).not.toContain("coder as agent:coder: SUGGEST");
  });

  it("applies several documents in their order", async () => {
    writeFileSync(join(folder, "two.yaml"), "scope: org\nautonomy: PROPOSE\n---\nscope: role:verifier:outcome\nautonomy: SUGGEST\n");
    const { stdout } = await factory("policy", "apply", "two.yaml");
    expect(stdout).toMatch(/applied: org version 1.*\n.*applied: role:verifier:outcome version 2/s);
    expect(stdout).toContain("note: role:coder, role:integrator, role:verifier:outcome have policies of their own, which win.");
  });
});
