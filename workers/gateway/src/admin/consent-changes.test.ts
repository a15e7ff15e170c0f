import { GEARS, TOOL_NAMES } from "@factory/gears";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grantProblems, grantsInForce, planConsent, planConsentRevocation, roleProblems } from "./consent-changes.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");
const PAST = "2026-08-04T11:00:00Z";
const FUTURE = "2026-08-04T13:00:00Z";
const ADA = { id: "person:ada", at: NOW };

function aHead(content: object): KnowingStateBead {
  const given = { role_id: "coder", grants: ["write_file", "read_file"], status: "ACTIVE", granted_by: "system:bootstrap", granted_at: PAST };
  return { id: "KSB-0123456789ABCDEFGHJKMNPQRS", type: "consent", content: { ...given, ...content }, parents: [], writtenBy: "x", writtenAt: 1 };
}

const sets = fc.uniqueArray(fc.constantFrom(...TOOL_NAMES), { minLength: 1 });

describe("a consent on a head", () => {
  it("is a change exactly where it gives another set of tools, whatever their order, and is stored sorted", () => {
    fc.assert(
      fc.property(sets, sets, (given, grants) => {
        const { content, changed } = planConsent(aHead({ grants: given }), { role: "coder", grants }, ADA);
        expect(changed).toBe(new Set([...given, ...grants]).size !== given.length || given.length !== grants.length);
        expect(content["grants"]).toEqual([...grants].sort());
      }),
    );
  });

  it.each([
    ["the same tools until the same moment, written otherwise", { expires_at: "2026-08-04T15:00:00+02:00" }, FUTURE, false],
    ["the same tools until another moment", { expires_at: "2026-08-05T13:00:00Z" }, FUTURE, true],
    ["the same tools, and no end any more", { expires_at: FUTURE }, undefined, true],
    ["the same tools, and an end", {}, FUTURE, true],
    ["what was revoked", { status: "REVOKED" }, undefined, true],
    ["what has expired, without an end", { expires_at: PAST }, undefined, true],
    ["what cannot be read", { grants: "all" }, undefined, true],
  ])("is a change only where it says something else: %s", (_, head, expiry, changed) => {
    const wanted = { role: "coder", grants: ["read_file", "write_file"], ...(expiry === undefined ? {} : { expiry }) };
    expect(planConsent(aHead(head), wanted, ADA)).toMatchObject({ changed, content: { status: "ACTIVE", granted_by: "person:ada" } });
  });

  it("ends with a bead that names the grant it ends and who had given it", () => {
    expect(planConsentRevocation(aHead({ expires_at: FUTURE }), "coder", ADA)).toEqual({
      changed: true,
      content: {
        role_id: "coder",
        grants: ["read_file", "write_file"],
        status: "REVOKED",
        granted_by: "system:bootstrap",
        granted_at: PAST,
        revokes: "KSB-0123456789ABCDEFGHJKMNPQRS",
      },
    });
    expect(planConsentRevocation(aHead({ status: "REVOKED" }), "coder", ADA).changed).toBe(false);
  });

  it("ends what was never given, so that nothing gives it later without being asked", () => {
    const { changed, content } = planConsentRevocation(null, "coder", ADA);
    expect(changed).toBe(true);
    expect(content).toEqual({ role_id: "coder", grants: [], status: "REVOKED", granted_by: "person:ada", granted_at: "2026-08-04T12:00:00.000Z" });
  });
});

describe("the grants in force", () => {
  it.each([
    [{}, ["read_file", "write_file"]],
    [{ expires_at: FUTURE }, ["read_file", "write_file"]],
    [{ expires_at: new Date(NOW).toISOString() }, []],
    [{ status: "REVOKED" }, []],
    [{ grants: "all" }, []],
  ])("of %j are %j", (content, grants) => {
    expect(grantsInForce(aHead(content), NOW)).toEqual(grants);
  });
});

describe("what is wrong with a consent", () => {
  it("is an unknown role, an unknown or repeated tool, and a list without end", () => {
    expect(roleProblems("codr")).toEqual([{ field: "role", problem: "must be one of coder, integrator, verifier:outcome." }]);
    expect(grantProblems("coder", ["read_file", "toString", "read_file"]).map(({ field }) => field)).toEqual(["grants.1", "grants.2"]);
    expect(
      grantProblems(
        "coder",
        Array.from({ length: 100_000 }, () => "fly"),
      ),
    ).toEqual([{ field: "grants", problem: "has 100000 names; it may have 64." }]);
  });

  it("is no tool at all, except for a role that has none to work with", () => {
    const refused = Object.keys(GEARS).filter((role) => grantProblems(role, []).length > 0);
    expect(refused).toEqual(["coder", "integrator"]);
    expect(grantProblems("toString", [])).toMatchObject([{ field: "grants" }]);
  });
});
