import { AUTONOMY, leastAutonomy } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { KnowingStateBead, KnowingStateSnapshot } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { knowingStateOf } from "./knowing-state.ts";
import { aConsent, aGraph, aPolicy, aTrust, at, ORG, PAST, ROLE, SUBJECT, tamper } from "./testing/builders.ts";

const INACTIVE = { beadId: null, standing: "inactive", autonomy: "SUGGEST" };

describe("retrieving the knowing-state", () => {
  test("names the beads in force with what they say, and the least autonomy, with ids that follow from the heads", () => {
    const { write, state, clock, graph } = aGraph();
    const [policy, trust, consent] = [aPolicy({ autonomy: "EXECUTE_BOUNDED", rules: { guidance: ["ask first"] } }), aTrust(), aConsent()];
    for (const bead of [policy, trust, consent]) write(bead);
    const snapshot: KnowingStateSnapshot = {
      role: ROLE,
      subjectId: SUBJECT,
      policy: { beadId: policy.id, standing: "active", autonomy: "EXECUTE_BOUNDED", scope: `role:${ROLE}`, rules: { guidance: ["ask first"] } },
      trust: { beadId: trust.id, standing: "active", autonomy: "EXECUTE_FULL", score: 0.95, subjectType: "agent" },
      consent: { beadId: consent.id, standing: "active", autonomy: "EXECUTE_FULL", grants: ["read_chart", "write_note"] },
      headsDigest: graph.heads(ROLE, SUBJECT),
    };
    expect(graph.snapshot(ROLE, SUBJECT)).toEqual(snapshot);
    const first = state();
    expect(first).toEqual({
      ...snapshot,
      knowingStateId: first.knowingStateId,
      sessionAutonomy: "EXECUTE_FULL",
      grants: ["read_chart", "write_note"],
      autonomy: "EXECUTE_BOUNDED",
      retrievedAt: clock.now(),
    });
    expect(first.knowingStateId).toMatch(/^KST-/);
    clock.advance(5);
    expect(state()).toEqual({ ...first, retrievedAt: clock.now() });
    expect(state("PROPOSE")).toMatchObject({ autonomy: "PROPOSE", headsDigest: first.headsDigest });
    expect(state("PROPOSE").knowingStateId).not.toBe(first.knowingStateId);
  });

  test("an empty graph allows nothing and says that nothing was ever written", () => {
    const missing = { beadId: null, standing: "missing", autonomy: "SUGGEST" };
    expect(aGraph().state()).toMatchObject({
      policy: { ...missing, scope: null, rules: {} },
      trust: { ...missing, score: null, subjectType: null },
      consent: { ...missing, grants: [] },
      grants: [],
      autonomy: "SUGGEST",
    });
  });

  test("what is not in force is told from what was never written, and says nothing of its content", () => {
    const { write, state } = aGraph();
    write(aPolicy({ expires_at: PAST, rules: { secret: 1 } }));
    write(aTrust({ status: "SUSPENDED" }));
    write(aConsent({ status: "REVOKED" }));
    expect(state()).toMatchObject({
      policy: { ...INACTIVE, scope: null, rules: {} },
      trust: { ...INACTIVE, score: null, subjectType: null },
      consent: { ...INACTIVE, grants: [] },
    });
  });

  test("a role's policy wins over the organisation's, whichever was written last, until it has expired", () => {
    const { write, state, clock } = aGraph();
    const general = aPolicy({ scope: "org", autonomy: "PROPOSE" });
    for (const bead of [general, aTrust(), aConsent()]) write(bead);
    expect(state()).toMatchObject({ autonomy: "PROPOSE", policy: { beadId: general.id, scope: "org" } });
    const own = aPolicy({ autonomy: "EXECUTE_BOUNDED", expires_at: at(clock.now() + 100) });
    write(own);
    write(aPolicy({ scope: "org", autonomy: "EXECUTE_FULL" }, { supersedes: general.id }));
    expect(state()).toMatchObject({ autonomy: "EXECUTE_BOUNDED", policy: { beadId: own.id, scope: `role:${ROLE}` } });
    clock.advance(100);
    expect(state()).toMatchObject({ autonomy: "EXECUTE_FULL", policy: { scope: "org" } });
  });

  test("a policy that has not taken effect leaves the earlier one in force; an expired one does not fall back to it", () => {
    const { write, state, clock } = aGraph();
    const now = aPolicy({ autonomy: "PROPOSE" });
    const later = aPolicy({ autonomy: "EXECUTE_FULL", effective_at: at(clock.now() + 100), expires_at: at(clock.now() + 200) }, { supersedes: now.id });
    for (const bead of [now, later, aTrust(), aConsent()]) write(bead);
    expect(state()).toMatchObject({ autonomy: "PROPOSE", policy: { beadId: now.id } });
    clock.advance(100);
    expect(state()).toMatchObject({ autonomy: "EXECUTE_FULL", policy: { beadId: later.id } });
    clock.advance(100);
    expect(state()).toMatchObject({ autonomy: "SUGGEST", policy: INACTIVE });
  });

  test("a policy whose only bead has not taken effect is not in force", () => {
    const { write, state, clock } = aGraph();
    write(aPolicy({ effective_at: at(clock.now() + 1) }));
    expect(state().policy).toMatchObject(INACTIVE);
    clock.advance(1);
    expect(state().policy.standing).toBe("active");
  });

  test("a moment with an offset is the moment it names", () => {
    const { write, state, clock } = aGraph();
    const inTwoHours = at(clock.now() + 7_200_000).replace("Z", "+02:00");
    write(aPolicy({ effective_at: inTwoHours }));
    expect(state().policy.standing).toBe("active");
  });

  test("a level that does not exist is SUGGEST", () => {
    const { write, state } = aGraph();
    for (const bead of [aPolicy(), aTrust(), aConsent()]) write(bead);
    expect(state("EVERYTHING" as Autonomy).autonomy).toBe("SUGGEST");
  });
});

describe("the heads' digest", () => {
  test("is the same from the heads, the snapshot and the retrieval, moves with every write and expiry that concerns it, and with no other", () => {
    const { write, state, clock, graph } = aGraph();
    const digest = () => {
      const now = graph.heads(ROLE, SUBJECT);
      expect([graph.snapshot(ROLE, SUBJECT).headsDigest, state().headsDigest]).toEqual([now, now]);
      return now;
    };
    const trust = aTrust({ expiry: at(clock.now() + 50) });
    const digests = [digest()];
    for (const bead of [aPolicy(), trust, aConsent()]) {
      write(bead);
      digests.push(digest());
    }
    write(aTrust({ subject_id: "agent:other" }));
    write(aPolicy({ scope: "org" }));
    expect(digest()).toBe(digests.at(-1));
    clock.advance(50);
    digests.push(digest());
    write(aTrust({ status: "REVOKED" }, { supersedes: trust.id }));
    digests.push(digest());
    expect(new Set(digests).size).toBe(6);
  });

  test("moves when a bead that it was computed from is damaged", () => {
    const { write, graph, storage } = aGraph();
    const trust = aTrust();
    for (const bead of [aPolicy(), trust, aConsent()]) write(bead);
    const before = graph.heads(ROLE, SUBJECT);
    tamper(storage, trust.id, JSON.stringify({ ...trust.content, trust_score: 1 }));
    expect(graph.heads(ROLE, SUBJECT)).not.toBe(before);
    expect(graph.heads(ROLE, SUBJECT)).toBe(graph.snapshot(ROLE, SUBJECT).headsDigest);
  });

  test("tells a head that is not in force from one that cannot be read", () => {
    const { write, graph, storage } = aGraph();
    const trust = aTrust({ status: "REVOKED" });
    write(trust);
    const before = graph.heads(ROLE, SUBJECT);
    tamper(storage, trust.id, "{");
    expect(graph.heads(ROLE, SUBJECT)).not.toBe(before);
  });
});

describe("a bead that cannot be read", () => {
  const BEADS = { policy: aPolicy(), trust: aTrust(), consent: aConsent() };
  const CHANGES: readonly (readonly [string, (bead: KnowingStateBead) => string])[] = [
    ["is no JSON", () => "{"],
    ["does not fit its type", () => "{}"],
    ["fits its type and is not what was written", (bead) => JSON.stringify({ ...bead.content, rules: { more: true }, rationale: "x", granted_by: "x" })],
    ["is what was written with other spaces and one more field", (bead) => ` ${JSON.stringify({ ...bead.content, added: 1 })}`],
  ];
  const cases = (["policy", "trust", "consent"] as const).flatMap((type) => CHANGES.map(([what, change]) => ({ type, what, change })));

  test.each(cases)("and is a $type bead whose text $what is SUGGEST, logged, and not passed over", ({ type, change }) => {
    const { storage, write, state, log } = aGraph();
    for (const bead of [aPolicy({ scope: "org" }), ...Object.values(BEADS)]) write(bead);
    expect(state().autonomy).toBe("EXECUTE_FULL");
    tamper(storage, BEADS[type].id, change(BEADS[type]));
    expect(state()).toMatchObject({ autonomy: "SUGGEST", [type]: { beadId: null, standing: "unreadable", autonomy: "SUGGEST" } });
    expect(log.of("knowing-state.head")).toMatchObject([{ outcome: "failed", ids: { type } }]);
  });

  test("stays unreadable in the line of another subject, to which its row was moved", () => {
    const { storage, write, graph } = aGraph();
    write(aTrust());
    storage.sql.exec("DROP TRIGGER beads_never_change");
    storage.sql.exec("UPDATE beads SET subject = 'agent:other' WHERE type = 'trust'");
    expect(graph.snapshot(ROLE, "agent:other").trust.standing).toBe("unreadable");
  });

  test("keeps a scheduled policy from falling back to it", () => {
    const { storage, write, state, clock } = aGraph();
    const now = aPolicy();
    for (const bead of [now, aPolicy({ effective_at: at(clock.now() + 100) }, { supersedes: now.id }), aTrust(), aConsent()]) write(bead);
    tamper(storage, now.id, "{");
    expect(state()).toMatchObject({ autonomy: "SUGGEST", policy: { standing: "unreadable" } });
  });
});

/** One value of a part: what is done to the graph, and the level that it gives. */
type Variant = { readonly name: string; readonly gives: Autonomy; readonly make: (world: ReturnType<typeof aGraph>) => void };

const damaged =
  (bead: KnowingStateBead) =>
  ({ write, storage }: ReturnType<typeof aGraph>) => {
    write(bead);
    tamper(storage, bead.id, "{");
  };
const superseded =
  (first: KnowingStateBead, next: (supersedes: string) => KnowingStateBead) =>
  ({ write }: ReturnType<typeof aGraph>) => {
    write(first);
    write(next(first.id));
  };
const missing: Variant = { name: "missing", gives: "SUGGEST", make: () => undefined };

const POLICIES: readonly Variant[] = [
  ...AUTONOMY.map((autonomy): Variant => ({ name: autonomy, gives: autonomy, make: ({ write }) => void write(aPolicy({ autonomy })) })),
  missing,
  { name: "expired", gives: "SUGGEST", make: ({ write }) => void write(aPolicy({ expires_at: PAST })) },
  { name: "unreadable", gives: "SUGGEST", make: damaged(aPolicy()) },
];
const BANDS: readonly (readonly [number, Autonomy])[] = [
  [1, "EXECUTE_FULL"],
  [0.9, "EXECUTE_FULL"],
  [0.89, "EXECUTE_BOUNDED"],
  [0.7, "EXECUTE_BOUNDED"],
  [0.69, "PROPOSE"],
  [0.5, "PROPOSE"],
  [0.49, "SUGGEST"],
  [0, "SUGGEST"],
];
const TRUSTS: readonly Variant[] = [
  ...BANDS.map(([score, gives]): Variant => ({ name: String(score), gives, make: ({ write }) => void write(aTrust({ trust_score: score })) })),
  missing,
  { name: "suspended", gives: "SUGGEST", make: superseded(aTrust(), (supersedes) => aTrust({ status: "SUSPENDED" }, { supersedes })) },
  { name: "unreadable", gives: "SUGGEST", make: damaged(aTrust()) },
];
const CONSENTS: readonly Variant[] = [
  { name: "present", gives: "EXECUTE_FULL", make: ({ write }) => void write(aConsent()) },
  { ...missing, name: "absent" },
  { name: "revoked", gives: "SUGGEST", make: superseded(aConsent(), (supersedes) => aConsent({ status: "REVOKED", revokes: supersedes }, { supersedes })) },
  { name: "expired", gives: "SUGGEST", make: ({ write }) => void write(aConsent({ expires_at: PAST })) },
  { name: "unreadable", gives: "SUGGEST", make: damaged(aConsent()) },
];

describe("the autonomy table", () => {
  const rows = POLICIES.flatMap((policy) => TRUSTS.flatMap((trust) => CONSENTS.map((consent) => ({ policy, trust, consent }))));

  test("has every combination", () => {
    expect(rows.length * AUTONOMY.length).toBe(7 * 11 * 5 * 4);
  });

  test.each(POLICIES)("gives the ordered minimum in every row with the policy $name", (policy) => {
    const found: string[] = [];
    const expected: string[] = [];
    for (const { trust, consent } of rows.filter((row) => row.policy === policy)) {
      const world = aGraph();
      for (const { make } of [policy, trust, consent]) make(world);
      for (const session of AUTONOMY) {
        const row = `trust ${trust.name}, consent ${consent.name}, session ${session}: `;
        found.push(row + world.state(session).autonomy);
        const least = Math.min(...[policy.gives, trust.gives, consent.gives, session].map((level) => AUTONOMY.indexOf(level)));
        expected.push(row + AUTONOMY[least]);
      }
    }
    expect(found).toEqual(expected);
  });
});

describe("the knowing-state of a kept snapshot", () => {
  function aSnapshot(): KnowingStateSnapshot {
    const { write, graph } = aGraph();
    for (const bead of [aPolicy(), aTrust(), aConsent()]) write(bead);
    return graph.snapshot(ROLE, SUBJECT);
  }

  test("is that of a retrieval, with the moment at which it was asked for", () => {
    const { write, state, clock } = aGraph();
    for (const bead of [aPolicy(), aTrust(), aConsent()]) write(bead);
    const kept: KnowingStateSnapshot = JSON.parse(JSON.stringify(aSnapshot()));
    clock.advance(1_000);
    expect(knowingStateOf(kept, "PROPOSE", ORG, clock.now())).toEqual(state("PROPOSE"));
  });

  test("has another id in another organisation", () => {
    const ids = ["acme", "other"].map((org) => knowingStateOf(aSnapshot(), "PROPOSE", org, 0).knowingStateId);
    expect(new Set(ids).size).toBe(2);
  });

  test.each(["policy", "trust", "consent"] as const)("gives SUGGEST when its %s claims a level without a bead in force", (part) => {
    const snapshot = aSnapshot();
    for (const standing of ["missing", "inactive", "unreadable"] as const) {
      expect(knowingStateOf({ ...snapshot, [part]: { ...snapshot[part], standing } }, "EXECUTE_FULL", ORG, 0).autonomy).toBe("SUGGEST");
    }
    expect(knowingStateOf({ ...snapshot, [part]: { ...snapshot[part], beadId: null } }, "EXECUTE_FULL", ORG, 0).autonomy).toBe("SUGGEST");
  });

  test("grants nothing when its consent is not in force", () => {
    const snapshot = aSnapshot();
    const withdrawn = { ...snapshot, consent: { ...snapshot.consent, standing: "inactive" as const } };
    expect(knowingStateOf(withdrawn, "EXECUTE_FULL", ORG, 0).grants).toEqual([]);
  });

  test("is the least of its parts in the order of the levels", () => {
    const snapshot = aSnapshot();
    for (const policy of AUTONOMY) {
      for (const trust of AUTONOMY) {
        const state = knowingStateOf(
          { ...snapshot, policy: { ...snapshot.policy, autonomy: policy }, trust: { ...snapshot.trust, autonomy: trust } },
          "EXECUTE_FULL",
          ORG,
          0,
        );
        expect(state.autonomy).toBe(leastAutonomy([policy, trust]));
      }
    }
  });
});
