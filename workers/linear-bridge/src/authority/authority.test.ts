import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MemoryLog } from "@factory/durable/testing";
import { DISPOSITION_VERBS, kvKey } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { aPerson, aRegistry } from "../testing/escalations.ts";
import { authorityRegistry, mayUse, orgOfTeam, personOf, verbsOf } from "./authority-registry.ts";
import { readAuthority } from "./registry-reader.ts";

const storeOf = (text: string | null) => ({
  asked: [] as string[],
  async get(key: string) {
    this.asked.push(key);
    return text;
  },
});

describe("the authority registry", () => {
  test("that is in the repository parses", () => {
    const text = readFileSync(join(import.meta.dirname, "../../config/authority.yaml"), "utf8");
    expect(authorityRegistry.safeParse(parse(text))).toMatchObject({ success: true, data: { schemaVersion: 1, approvals: { override: 2 } } });
  });

  test("the example in its comment parses too", () => {
    const text = readFileSync(join(import.meta.dirname, "../../config/authority.yaml"), "utf8");
    const lines = text.split("\n");
    const example = lines
      .slice(
        lines.findIndex((line) => line === "# orgs:"),
        lines.findIndex((line) => line.startsWith("schemaVersion")),
      )
      .map((line) => line.slice(2));
    const { orgs } = parse(example.join("\n"), { schema: "core" }) as { orgs: unknown };
    const registry = authorityRegistry.parse({ ...aRegistry(), orgs });
    expect(registry.orgs[0]?.people[0]?.member).toBe("ada@acme.example");
  });

  test.each([
    ["an older schema version", { ...aRegistry(), schemaVersion: 0 }],
    ["an unknown field", { ...aRegistry(), deputies: [] }],
    ["an override by one person", { ...aRegistry(), approvals: { override: 1 } }],
    ["an unknown scope", aRegistry([{ ...aPerson("ada"), scopes: ["we-layer:resume"] as never }])],
    ["a person twice", aRegistry([aPerson("ada"), aPerson("ada")])],
    ["a team of two organisations", { ...aRegistry(), orgs: aRegistry().orgs.map((org) => ({ ...org, team: { id: "one", key: "ONE" } })) }],
    ["no registry at all", []],
  ])("with %s is as if it were not there, and the log says why", async (_, registry) => {
    const log = new MemoryLog();
    expect(await readAuthority(storeOf(JSON.stringify(registry)), log)).toBeNull();
    expect(log.of("authority.read")).toHaveLength(1);
  });

  test("is read from its key, and nothing is there before it is published", async () => {
    const store = storeOf(JSON.stringify(aRegistry()));
    expect(await readAuthority(store, new MemoryLog())).toEqual(aRegistry());
    expect(store.asked).toEqual([kvKey.linearAuthority()]);
    expect(await readAuthority(storeOf(null), new MemoryLog())).toBeNull();
  });

  test("any text is a registry or none", async () => {
    await fc.assert(fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => (await readAuthority(storeOf(text), new MemoryLog())) === null));
  });

  test("is not known while its store does not answer", async () => {
    await expect(readAuthority({ get: async () => Promise.reject(new Error("down")) }, new MemoryLog())).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  test("tells each reason apart", () => {
    expect(personOf(null, "acme", "user-ada")).toEqual({ ok: false, denial: "NO_REGISTRY" });
    expect(personOf(aRegistry(), "nowhere", "user-ada")).toEqual({ ok: false, denial: "UNKNOWN_ORG" });
    expect(personOf(aRegistry(), "acme", "user-mallory")).toEqual({ ok: false, denial: "OTHER_ORG" });
    expect(personOf(aRegistry(), "acme", "user-eve")).toEqual({ ok: false, denial: "UNREGISTERED" });
    expect(personOf(aRegistry(), "acme", "user-ada")).toMatchObject({ ok: true, person: { member: "ada" } });
  });

  test("gives each verb to its scope alone, and reject to resume's", () => {
    expect(verbsOf(aPerson("ada"))).toEqual([...DISPOSITION_VERBS]);
    expect(verbsOf(aPerson("ada", { scopes: ["signal:resume"] }))).toEqual(["resume", "reject"]);
    expect(verbsOf(aPerson("ada", { scopes: ["signal:override"] }))).toEqual(["override"]);
    expect(mayUse(aPerson("ada", { scopes: [] }), "commission")).toBe(false);
  });

  test("finds the organisation of a team by its id, never by its key", () => {
    expect(orgOfTeam(aRegistry(), "team-acme")?.org).toBe("acme");
    expect(orgOfTeam(aRegistry(), "FAC")).toBeNull();
  });
});
