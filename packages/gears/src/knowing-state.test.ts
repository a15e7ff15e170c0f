import { contentId, idSchema, ROLES } from "@factory/schemas";
import { expect, test } from "vitest";
import { GEARS } from "./gears.ts";
import { agentIdOf, defaultKnowingState, defaultPolicyBeadId } from "./knowing-state.ts";

test("each role gets a policy, a trust and a consent bead for its own agent", () => {
  const beads = defaultKnowingState("acme", 1_000);
  for (const role of ROLES) {
    expect(beads.find(({ type, content }) => type === "policy" && content["scope"] === `role:${role}`)?.content).toMatchObject({ autonomy: "EXECUTE_BOUNDED" });
    expect(beads.find(({ type, content }) => type === "trust" && content["subject_id"] === agentIdOf(role))?.content).toMatchObject({
      status: "APPROVED",
      trust_score: 0.8,
    });
    expect(beads.find(({ type, content }) => type === "consent" && content["role_id"] === role)?.content).toMatchObject({
      status: "ACTIVE",
      grants: GEARS[role].tools,
    });
  }
  expect(beads).toHaveLength(3 * ROLES.length);
});

test("ids follow from content alone, so a second bootstrap writes the same beads", () => {
  const first = defaultKnowingState("acme", 1_000);
  expect(defaultKnowingState("acme", 2_000).map(({ id }) => id)).toEqual(first.map(({ id }) => id));
  expect(new Set(first.map(({ id }) => id)).size).toBe(first.length);
  for (const { id, type, content, parents } of first) {
    expect(idSchema("KSB").parse(id)).toBe(contentId("KSB", { kind: type, org: "acme", content, parents }));
  }
});

test("orgs do not share beads", () => {
  const ids = new Set(defaultKnowingState("acme", 0).map(({ id }) => id));
  expect(defaultKnowingState("other", 0).some(({ id }) => ids.has(id))).toBe(false);
});

test("the default policy of a role is among the beads", () => {
  const ids = defaultKnowingState("acme", 0).map(({ id }) => id);
  for (const role of ROLES) expect(ids).toContain(defaultPolicyBeadId("acme", role));
});
