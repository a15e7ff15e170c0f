import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { REPOSITORY } from "../lib/repository.ts";
import { authorityText, parseAuthority, readAuthorityFile } from "./authority-file.ts";

const REGISTRY = `# Who may decide.
schemaVersion: 1
version: 7
orgs:
  - org: acme
    team: { id: team-acme, key: FAC }
    people:
      - linearUserId: user-ada
        name: Ada Lovelace
        member: ada@acme.example
        scopes: [signal:resume, signal:override]
        addedAt: 2026-08-04T09:00:00Z
        addedBy: grace@acme.example
approvals:
  override: 2
`;

/** The faults of the registry with one text in place of another. */
function faultsOf(text: string, replacement: string): string[] {
  if (!REGISTRY.includes(text)) throw new Error(`The registry has no ${JSON.stringify(text)}.`);
  try {
    parseAuthority("authority.yaml", REGISTRY.replace(text, replacement));
  } catch (err) {
    return (err as Error).message.split("\n");
  }
  throw new Error("The registry was taken.");
}

describe("the authority registry's file", () => {
  it("is read as the bridge reads it, times as they are written", () => {
    const { version, orgs } = parseAuthority("authority.yaml", REGISTRY);
    expect([version, orgs[0]?.people[0]?.addedAt]).toEqual([7, "2026-08-04T09:00:00Z"]);
  });

  it("of this repository is one", () => {
    expect(readAuthorityFile(join(REPOSITORY, "workers/linear-bridge/config/authority.yaml")).approvals.override).toBe(2);
  });

  it("is told in a line", () => {
    const registry = parseAuthority("authority.yaml", REGISTRY);
    expect(authorityText(registry)).toBe("version 7 of the registry: acme in team FAC, 1 person");
    expect(authorityText({ ...registry, orgs: [] })).toContain("nobody may decide");
  });

  it.each([
    ["a wrong value", "key: FAC", "key: fac", "authority.yaml:6: orgs.0.team.key: "],
    ["a value in a list", "signal:override", "signal:everything", "authority.yaml:11: orgs.0.people.0.scopes.1: "],
    ["an unknown field", "        name: Ada Lovelace", "        name: Ada Lovelace\n        role: boss", "authority.yaml:10: orgs.0.people.0: "],
    ["a missing field", "        member: ada@acme.example\n", "", "authority.yaml:8: orgs.0.people.0.member: "],
    ["another schema version", "schemaVersion: 1", "schemaVersion: 2", "authority.yaml:2: schemaVersion: "],
    ["a tab", "  override: 2", "\toverride: 2", "authority.yaml:15: "],
    ["a key twice", "version: 7", "version: 7\nversion: 8", "authority.yaml:4: Map keys must be unique"],
    ["a second document", "approvals:", "---\napprovals:", "authority.yaml:14: "],
  ])("with %s is refused by line", (_what, text, replacement, start) => {
    expect(faultsOf(text, replacement)[0]).toContain(start);
  });

  it("names every fault", () => {
    expect(faultsOf("version: 7\norgs:\n  - org: acme", "version: 0\norgs:\n  - org: ACME!")).toEqual([
      expect.stringContaining("authority.yaml:3: version: "),
      expect.stringContaining("authority.yaml:5: orgs.0.org: "),
    ]);
  });

  it("that names an organisation twice says so of the whole", () => {
    const [, org = ""] = /(  - org: acme[\s\S]*?)approvals/.exec(REGISTRY) ?? [];
    const faults = faultsOf(org, `${org}${org.replace("team-acme", "team-other")}`);
    expect(faults).toEqual(["authority.yaml:2: The registry names an organisation twice"]);
  });

  it.each([
    ["that is empty", "", "authority.yaml:1: "],
    ["with a list at its root", "- 1\n", "authority.yaml:1: "],
    ["with an alias of nothing", "a: *b\n", "authority.yaml: "],
  ])("%s is none", (_what, text, start) => {
    expect(() => parseAuthority("authority.yaml", text)).toThrow(start);
  });

  it("may give several people what it says once", () => {
    const grace = "      - { linearUserId: user-grace, name: Grace, member: grace, scopes: *all, addedAt: 2026-08-04T09:00:00Z, addedBy: ada }\n";
    const text = REGISTRY.replace("scopes: [", "scopes: &all [").replace("approvals:", `${grace}approvals:`);
    expect(parseAuthority("authority.yaml", text).orgs[0]?.people.map(({ scopes }) => scopes.length)).toEqual([2, 2]);
  });

  it("that is not there is told by its path", () => {
    expect(() => readAuthorityFile("/nowhere/authority.yaml")).toThrow(/^\/nowhere\/authority\.yaml cannot be read: ENOENT/);
  });
});
