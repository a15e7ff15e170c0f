import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { POLICIES_DIRECTORY } from "@factory/governance/pdp/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { main } from "./run.ts";
import { capturedOutput } from "./testing/terminal.ts";

const output = capturedOutput();
/** No platform answers there: the command asks none. */
const ENV = { FACTORY_URL: "http://127.0.0.1:9", FACTORY_API_KEY: "fk_test" };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "factory-policies-"));
  cpSync(POLICIES_DIRECTORY, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Changes a file of the folder. */
function edit(name: string, from: string, to: string): void {
  const path = join(folder, name);
  const text = readFileSync(path, "utf8");
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

describe("factory policy test", () => {
  it("runs the tests of the factory's own policies", async () => {
    expect(await main(["policy", "test"], ENV)).toBe(0);
    expect(output.out).toMatch(/^\d+ tests of \d+ policies, 0 failed, 0 policies without a test\n$/);
  });

  it("tells of a policy that decides otherwise what decided, and fails", async () => {
    edit("suspension.cedar", "context has suspended && context.suspended", "context has suspended && !context.suspended");
    expect(await main(["policy", "test", folder], ENV)).toBe(1);
    expect(output.out).toContain("tests/suspension.yaml: takes no order while work is suspended, from nobody\n");
    expect(output.out).toContain("  decided allow, not deny\n  decided by submit-session, not suspended-submission\n");
    expect(output.out).toContain('suspension.cedar: no test that holds has seen "suspended-submission" decide');
  });

  it("fails where a policy has no test, though every test holds", async () => {
    edit("tenancy.cedar", "// Nothing crosses", '@id("unheard") forbid (principal, action, resource) when { principal.kind == "ghost" };\n// Nothing crosses');
    expect(await main(["policy", "test", folder, "--json"], ENV)).toBe(1);
    expect(JSON.parse(output.out)).toMatchObject({ outcome: "FAILED", failed: 0, untested: ["unheard"] });
  });

  it("names the file of policies that do not hold", async () => {
    edit("dispatch.cedar", "context.approvedBy ==", "context.approvedby ==");
    expect(await main(["policy", "test", folder], ENV)).toBe(1);
    expect(output.out).toMatch(/^dispatch\.cedar: "dispatch-approved-by-person": /);
  });

  it("exits 2 for a folder without policies or without tests", async () => {
    expect(await main(["policy", "test", join(folder, "none")], ENV)).toBe(2);
    expect(output.err).toContain("is no folder of policies");
    rmSync(join(folder, "tests"), { recursive: true });
    expect(await main(["policy", "test", folder], ENV)).toBe(2);
    expect(output.err).toContain("has no tests");
  });
});
