import { MEMBER_ROLES, SIGNAL_SCOPES } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ROLE_SCOPES, SCOPES, scopeSchema, scopesOfRoles } from "./principals.ts";

describe("the scopes of roles", () => {
  it("are every scope there is for an admin, and no other role has admin or a signal", () => {
    expect(new Set(ROLE_SCOPES.admin)).toEqual(new Set([...SCOPES, ...Object.values(SIGNAL_SCOPES)]));
    for (const role of MEMBER_ROLES.filter((name) => name !== "admin")) {
      expect(ROLE_SCOPES[role].filter((scope) => scope === "admin" || scope.startsWith("signal:"))).toEqual([]);
    }
  });

  it("let every member read, and only those decide who approve", () => {
    expect(MEMBER_ROLES.filter((role) => ROLE_SCOPES[role].includes("session:read"))).toEqual([...MEMBER_ROLES]);
    expect(MEMBER_ROLES.filter((role) => ROLE_SCOPES[role].includes("review:decide"))).toEqual(["approver", "admin"]);
  });

  it("add up: more roles never allow less, each scope is there once, and each is one that can be stored", () => {
    const roles = fc.subarray([...MEMBER_ROLES]);
    fc.assert(
      fc.property(roles, roles, (some, more) => {
        const fewer = scopesOfRoles(some);
        const all = scopesOfRoles([...some, ...more]);
        expect(all).toEqual(expect.arrayContaining(fewer));
        expect(new Set(all).size).toBe(all.length);
        for (const scope of all) expect(scopeSchema.safeParse(scope).success).toBe(true);
      }),
    );
    expect(scopesOfRoles([])).toEqual([]);
  });
});
