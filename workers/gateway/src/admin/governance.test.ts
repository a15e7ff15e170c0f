import { agentIdOf, defaultKnowingState } from "@factory/gears";
import { contentId } from "@factory/schemas";
import { TrustStatus, type GetKnowingStateResponse } from "@factory/schemas/proto";
import { beadGraphOf, type KnowingStateBead } from "@factory/schemas/rpc";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { storeCredentials } from "../testing/builders.ts";
import { clientsOf, detailOf, expectRefusal, put, type Clients } from "../testing/clients.ts";

const YEAR_MS = 365 * 24 * 60 * 60_000;
const soon = (): string => new Date(Date.now() + YEAR_MS).toISOString();

type Admin = Clients["admin"];
type World = { readonly org: string; readonly admin: Admin; readonly state: (role?: string, subjectId?: string) => Promise<GetKnowingStateResponse> };

/** An org of its own, as a bootstrap leaves it. */
async function aWorld(org: string, { bootstrapped = true } = {}): Promise<World> {
  if (bootstrapped) expect(await beadGraphOf(env, org).bootstrap(defaultKnowingState(org, Date.now()))).toMatchObject({ ok: true });
  const { admin } = clientsOf((await storeCredentials(put, org, ["session:read", "admin"])).apiKey);
  return { org, admin, state: (role = "coder", subjectId = "") => admin.getKnowingState({ role, subjectId }) };
}

/** Every bead of an org's line, newest first. */
const line = (org: string, type: KnowingStateBead["type"], subject: string): Promise<KnowingStateBead[]> => beadGraphOf(env, org).history({ type, subject });

describe("GetKnowingState", () => {
  it("says what governs a role, why, and who said so", async () => {
    const { state } = await aWorld("knows");
    const answer = await state();
    expect(answer).toMatchObject({
      role: "coder",
      subjectId: "agent:coder",
      autonomy: "EXECUTE_BOUNDED",
      policyScope: "role:coder",
      policy: { standing: "active", autonomy: "EXECUTE_BOUNDED", reason: "The policy of role:coder allows EXECUTE_BOUNDED." },
      trust: { standing: "active", autonomy: "EXECUTE_BOUNDED", reason: "The score 0.8 gives EXECUTE_BOUNDED." },
      consent: { standing: "active", autonomy: "EXECUTE_FULL" },
      trustScore: 0.8,
    });
    expect(answer.grants).toContain("write_file");
    expect(answer.rules?.["tools"]).toContain("write_file");
    expect(answer.headsDigest).toMatch(/^[0-9a-f]{64}$/);
    const said = answer.history.map(({ type, subject, writtenBy }) => `${type} of ${subject} by ${writtenBy}`);
    expect(said.toSorted()).toEqual([
      "consent of coder by system:bootstrap",
      "policy of role:coder by system:bootstrap",
      "trust of agent:coder by system:bootstrap",
    ]);
  });

  it("says SUGGEST and what is missing for an org that nobody has set up, and for a stranger", async () => {
    const { state } = await aWorld("empty", { bootstrapped: false });
    expect(await state()).toMatchObject({
      autonomy: "SUGGEST",
      policyScope: "",
      policy: { standing: "missing", beadId: "", reason: "No policy was ever written for role:coder or the organisation." },
      trust: { standing: "missing" },
      consent: { standing: "missing", reason: "No consent was ever given to coder." },
      grants: [],
    });
    const known = await aWorld("known");
    const stranger = await known.state("coder", "agent:stranger");
    expect(stranger).toMatchObject({ autonomy: "SUGGEST", subjectId: "agent:stranger", policy: { standing: "active" }, trust: { standing: "missing" } });
    expect(stranger.trustScore).toBeUndefined();
  });

  it("names the roles there are for one that is none", async () => {
    const { admin } = await aWorld("roles");
    expect((await expectRefusal("INVALID_ARGUMENT", () => admin.getKnowingState({ role: "codr" }))).rawMessage).toContain("coder, integrator");
  });

  it("lists amendments that nobody has decided", async () => {
    const { org, state } = await aWorld("amended");
    const content = {
      target_id: "SPEC-0123456789ABCDEFGHJKMNPQRS",
      target_type: "specification",
      proposed_change: {},
      rationale: "it was ambiguous",
      triggered_by: "human",
      status: "PROPOSED",
      artifact_graph_amendment_id: "AMD-1",
    };
    const bead: KnowingStateBead = {
      id: contentId("KSB", { kind: "amendment", org, content, parents: [] }),
      type: "amendment",
      content,
      parents: [],
      writtenBy: "x",
      writtenAt: 1,
    };
    expect(await beadGraphOf(env, org).write(bead, "x", "SES-1")).toMatchObject({ ok: true });
    expect((await state()).openAmendments).toMatchObject([
      { amendmentId: "AMD-1", beadId: bead.id, targetType: "specification", rationale: "it was ambiguous" },
    ]);
  });
});

describe("SetTrust", () => {
  it("writes a successor of the head under the caller's name and the request's id", async () => {
    const { org, admin, state } = await aWorld("trusted");
    const answer = await admin.setTrust(
      { subjectId: "agent:coder", score: 0.95, rationale: " Ten clean runs. ", expiresAt: soon() },
      { headers: { "x-request-id": "req-77" } },
    );
    expect(answer).toMatchObject({
      changed: true,
      previous: { score: 0.8, status: "APPROVED" },
      trust: { score: 0.95, status: "APPROVED", rationale: "Ten clean runs." },
    });
    const [head, before] = await line(org, "trust", "agent:coder");
    expect(head).toMatchObject({ id: answer.beadId, supersedes: answer.previousBeadId, parents: [before?.id], writtenBy: "tester" });
    expect(head?.content).toMatchObject({ subject_type: "agent", evidence_refs: [] });
    const [audit] = await line(org, "audit", answer.beadId);
    expect(audit?.content).toMatchObject({ actor_id: "tester", session_id: "req-77", action: "SUPERSEDE" });
    expect(await state()).toMatchObject({ trustScore: 0.95, autonomy: "EXECUTE_BOUNDED", trust: { autonomy: "EXECUTE_FULL" } });
  });

  it("changes nothing where the head says so already", async () => {
    const { org, admin } = await aWorld("again");
    const request = { subjectId: "agent:coder", score: 0.6, rationale: "Two failures." };
    const first = await admin.setTrust(request);
    const again = await admin.setTrust({ ...request, rationale: "In other words." });
    expect(again).toMatchObject({ changed: false, beadId: first.beadId, previousBeadId: first.beadId, trust: { rationale: "Two failures." } });
    expect(await line(org, "trust", "agent:coder")).toHaveLength(2);
    expect(await admin.setTrust({ ...request, expiresAt: soon() })).toMatchObject({ changed: true });
  });

  it("suspends, which is seen by the next reader", async () => {
    const { admin, state } = await aWorld("suspended");
    await admin.setTrust({ subjectId: "agent:coder", score: 0.8, status: TrustStatus.SUSPENDED, rationale: "Under review" });
    expect(await state()).toMatchObject({
      autonomy: "SUGGEST",
      trust: { standing: "inactive", beadId: "", reason: "The last trust is not in force: it is SUSPENDED: Under review." },
    });
  });

  it("begins a line for a subject that has none", async () => {
    const { admin, state } = await aWorld("begun", { bootstrapped: false });
    const answer = await admin.setTrust({ subjectId: "agent:integrator", score: 0.7, rationale: "To begin with." });
    expect(answer).toMatchObject({ changed: true, previousBeadId: "" });
    expect(answer.previous).toBeUndefined();
    expect(await state("integrator")).toMatchObject({ trustScore: 0.7, trust: { standing: "active" } });
  });

  it("lets concurrent calls follow one another, none lost and none twice", async () => {
    const { org, admin, state } = await aWorld("raced");
    const scores = [0.1, 0.2, 0.3, 0.4, 0.5];
    const answers = await Promise.all(scores.map((score) => admin.setTrust({ subjectId: "agent:coder", score, rationale: `score ${score}` })));
    expect(answers.every(({ changed }) => changed)).toBe(true);
    const beads = await line(org, "trust", "agent:coder");
    expect(beads).toHaveLength(1 + scores.length);
    expect(beads.map(({ supersedes }) => supersedes)).toEqual([...beads.slice(1).map(({ id }) => id), undefined]);
    expect((await state()).trustScore).toBe(beads[0]?.content["trust_score"]);
  });

  it("names everything that is wrong at once, and writes nothing", async () => {
    const { org, admin } = await aWorld("wrong");
    const err = await expectRefusal("INVALID_ARGUMENT", () => admin.setTrust({ subjectId: "coder", score: 1.2, rationale: " ", expiresAt: "tomorrow" }));
    expect(detailOf(err).problems.map(({ field }) => field)).toEqual(["subject_id", "score", "rationale", "expires_at"]);
    const second = await expectRefusal("INVALID_ARGUMENT", () =>
      admin.setTrust({ subjectId: "agent:codr", score: Number.NaN, rationale: "r".repeat(5_000), expiresAt: "2020-01-01T00:00:00Z" }),
    );
    expect(detailOf(second).problems.map(({ problem }) => problem)).toEqual([
      expect.stringContaining("agent:coder, agent:integrator"),
      "must be a number from 0 to 1.",
      expect.stringContaining("5000"),
      "has passed already.",
    ]);
    await expectRefusal("INVALID_ARGUMENT", () => admin.setTrust({ subjectId: "agent:coder", rationale: "no score" }));
    await expectRefusal("INVALID_ARGUMENT", () => admin.setTrust({ subjectId: "agent:coder", score: 0.5, rationale: "x", status: 9 as never }));
    expect(await line(org, "trust", "agent:coder")).toHaveLength(1);
  });
});

describe("RevokeTrust", () => {
  it("is seen by the next GetKnowingState, and a repeat changes nothing", async () => {
    const { org, admin, state } = await aWorld("revoked");
    const before = await state();
    const answer = await admin.revokeTrust({ subjectId: "agent:coder", rationale: "It wrote outside of its files." });
    expect(answer).toMatchObject({ changed: true, trust: { status: "REVOKED", score: 0.8 } });
    const after = await state();
    expect(after).toMatchObject({
      autonomy: "SUGGEST",
      trust: { standing: "inactive", beadId: "", autonomy: "SUGGEST", reason: expect.stringContaining("REVOKED: It wrote outside of its files.") },
    });
    expect(after.trustScore).toBeUndefined();
    expect(after.headsDigest).not.toBe(before.headsDigest);
    expect(after.history[0]).toMatchObject({ type: "trust", subject: "agent:coder", writtenBy: "tester", summary: expect.stringContaining("REVOKED 0.8") });
    expect(await admin.revokeTrust({ subjectId: "agent:coder", rationale: "again" })).toMatchObject({ changed: false, beadId: answer.beadId });
    expect(await line(org, "trust", "agent:coder")).toHaveLength(2);
    await admin.setTrust({ subjectId: "agent:coder", score: 0.8, rationale: "Mended." });
    expect(await state()).toMatchObject({ autonomy: "EXECUTE_BOUNDED" });
  });

  it("touches no other organisation", async () => {
    const [ours, theirs] = [await aWorld("ours-trust"), await aWorld("theirs-trust")];
    await ours.admin.revokeTrust({ subjectId: agentIdOf("coder"), rationale: "ours" });
    expect(await ours.state()).toMatchObject({ autonomy: "SUGGEST" });
    expect(await theirs.state()).toMatchObject({ autonomy: "EXECUTE_BOUNDED" });
  });
});

describe("SetConsent", () => {
  it("writes a successor of the head under the caller's name and the request's id, and says what is added and what removed", async () => {
    const { org, admin, state } = await aWorld("consented");
    const expiresAt = soon();
    const before = await state();
    const answer = await admin.setConsent(
      { role: "coder", grants: ["write_file", "read_file", "run_checks"], expiresAt },
      { headers: { "x-request-id": "req-78" } },
    );
    const grants = ["read_file", "run_checks", "write_file"];
    expect(answer).toMatchObject({
      changed: true,
      previous: { status: "ACTIVE", grantedBy: "system:bootstrap", expiresAt: "" },
      consent: { status: "ACTIVE", grants, grantedBy: "tester", expiresAt },
      added: [],
      removed: before.grants.filter((name) => !grants.includes(name)).toSorted(),
    });
    expect(answer.removed).toContain("list_files");
    const [head, first] = await line(org, "consent", "coder");
    expect(head).toMatchObject({ id: answer.beadId, supersedes: answer.previousBeadId, parents: [first?.id], writtenBy: "tester", content: { grants } });
    const [audit] = await line(org, "audit", answer.beadId);
    expect(audit?.content).toMatchObject({ actor_id: "tester", session_id: "req-78", action: "CONSENT_GRANT" });
    const after = await state();
    expect(after).toMatchObject({ grants, autonomy: "EXECUTE_BOUNDED", consent: { beadId: answer.beadId, standing: "active" } });
    expect(after.headsDigest).not.toBe(before.headsDigest);
    const more = await admin.setConsent({ role: "coder", grants: ["read_file", "list_files", "run_checks"] });
    expect(more).toMatchObject({ changed: true, added: ["list_files"], removed: ["write_file"], previous: { expiresAt } });
  });

  it("changes nothing where the head gives the same tools, in whatever order", async () => {
    const { org, admin, state } = await aWorld("consented-again");
    const { grants } = await state();
    const [given] = await line(org, "consent", "coder");
    const again = await admin.setConsent({ role: "coder", grants: grants.toReversed() });
    expect(again).toMatchObject({ changed: false, beadId: given?.id, previousBeadId: given?.id, added: [], removed: [] });
    expect(again.consent).toMatchObject({ grantedBy: "system:bootstrap" });
    expect(await line(org, "consent", "coder")).toHaveLength(1);
    expect(await admin.setConsent({ role: "coder", grants, expiresAt: soon() })).toMatchObject({ changed: true, added: [], removed: [] });
  });

  it("begins a line for a role that has none, and for one without tools is a consent to none", async () => {
    const { admin, state } = await aWorld("consent-begun", { bootstrapped: false });
    const answer = await admin.setConsent({ role: "integrator", grants: ["read_file"] });
    expect(answer).toMatchObject({ changed: true, previousBeadId: "", added: ["read_file"], removed: [] });
    expect(answer.previous).toBeUndefined();
    expect(await state("integrator")).toMatchObject({ grants: ["read_file"], consent: { standing: "active" } });
    expect(await admin.setConsent({ role: "verifier:outcome" })).toMatchObject({ changed: true, consent: { grants: [] } });
    expect(await state("verifier:outcome")).toMatchObject({ consent: { standing: "active" }, history: [{ summary: "ACTIVE: no tools" }] });
  });

  it("lets concurrent calls follow one another, none lost and none twice", async () => {
    const { org, admin, state } = await aWorld("consent-raced");
    const sets = [["read_file"], ["write_file"], ["list_files"], ["run_checks"], ["search_files"]];
    const answers = await Promise.all([...sets, ...sets].map((grants) => admin.setConsent({ role: "coder", grants })));
    const beads = await line(org, "consent", "coder");
    // The same set on the same head in the same millisecond is the same bead: both callers changed it to that.
    const written = new Set(answers.filter(({ changed }) => changed).map(({ beadId }) => beadId));
    expect(beads).toHaveLength(1 + written.size);
    expect(new Set(beads.slice(0, -1).map(({ id }) => id))).toEqual(new Set(answers.map(({ beadId }) => beadId)));
    expect(beads.map(({ supersedes }) => supersedes)).toEqual([...beads.slice(1).map(({ id }) => id), undefined]);
    expect((await state()).grants).toEqual(beads[0]?.content["grants"]);
  });

  it("names everything that is wrong at once, and writes nothing", async () => {
    const { org, admin } = await aWorld("consent-wrong");
    const request = { role: "codr", grants: ["read_file", "fly", "read_file"], expiresAt: "tomorrow" };
    const { problems } = detailOf(await expectRefusal("INVALID_ARGUMENT", () => admin.setConsent(request)));
    expect(problems.map(({ field }) => field)).toEqual(["role", "grants.1", "grants.2", "expires_at"]);
    expect(problems[0]?.problem).toContain("coder, integrator, verifier:outcome");
    expect(problems[1]?.problem).toContain("the registry has read_file");
    const second = await expectRefusal("INVALID_ARGUMENT", () => admin.setConsent({ role: "coder", expiresAt: "2020-01-01T00:00:00Z" }));
    expect(detailOf(second).problems).toMatchObject([
      { field: "grants", problem: "names no tool; to end a consent, revoke it." },
      { field: "expires_at", problem: "has passed already." },
    ]);
    const third = await expectRefusal("INVALID_ARGUMENT", () => admin.revokeConsent({ role: "agent:coder" }));
    expect(detailOf(third).problems.map(({ field }) => field)).toEqual(["role"]);
    expect(await line(org, "consent", "coder")).toHaveLength(1);
    expect(await line(org, "consent", "codr")).toEqual([]);
  });
});

describe("RevokeConsent", () => {
  it("is seen by the next GetKnowingState, names what it ends, and a repeat changes nothing", async () => {
    const { org, admin, state } = await aWorld("consent-revoked");
    const { grants } = await state();
    const answer = await admin.revokeConsent({ role: "coder" });
    expect(answer).toMatchObject({ changed: true, consent: { status: "REVOKED" }, added: [], removed: grants.toSorted() });
    const [head] = await line(org, "consent", "coder");
    expect(head).toMatchObject({ id: answer.beadId, supersedes: answer.previousBeadId, content: { revokes: answer.previousBeadId, status: "REVOKED" } });
    const [audit] = await line(org, "audit", answer.beadId);
    expect(audit?.content).toMatchObject({ actor_id: "tester", action: "CONSENT_REVOKE" });
    expect(await state()).toMatchObject({
      autonomy: "SUGGEST",
      grants: [],
      consent: { standing: "inactive", beadId: "", reason: "The last consent is not in force: it is REVOKED." },
    });
    expect(await admin.revokeConsent({ role: "coder" })).toMatchObject({ changed: false, beadId: answer.beadId, removed: [] });
    expect(await line(org, "consent", "coder")).toHaveLength(2);
    expect(await admin.setConsent({ role: "coder", grants })).toMatchObject({ changed: true, previous: { status: "REVOKED" }, added: grants.toSorted() });
    expect(await state()).toMatchObject({ autonomy: "EXECUTE_BOUNDED" });
  });

  it("of what was never given is not undone by a bootstrap", async () => {
    const { org, admin, state } = await aWorld("consent-refused", { bootstrapped: false });
    expect(await admin.revokeConsent({ role: "coder" })).toMatchObject({ changed: true, previousBeadId: "", consent: { status: "REVOKED" } });
    expect(await beadGraphOf(env, org).bootstrap(defaultKnowingState(org, Date.now()))).toMatchObject({ ok: true });
    expect(await state()).toMatchObject({ autonomy: "SUGGEST", consent: { standing: "inactive" } });
  });

  it("touches no other role and no other organisation", async () => {
    const [ours, theirs] = [await aWorld("ours-consent"), await aWorld("theirs-consent")];
    await ours.admin.revokeConsent({ role: "coder" });
    expect(await ours.state("integrator")).toMatchObject({ autonomy: "EXECUTE_BOUNDED" });
    expect(await theirs.state()).toMatchObject({ autonomy: "EXECUTE_BOUNDED" });
  });
});

const PROPOSE = { scope: "role:coder", autonomy: "PROPOSE", rules: { tools: ["read_file", "write_file", "run_checks"] } };

describe("ApplyPolicy", () => {
  it("puts a policy in force, and says what was before and which version it is", async () => {
    const { org, admin, state } = await aWorld("applied");
    const answer = await admin.applyPolicy({ policy: PROPOSE });
    expect(answer).toMatchObject({
      changed: true,
      version: 2,
      previous: { autonomy: "EXECUTE_BOUNDED", effectiveAt: "2026-01-01T00:00:00.000Z" },
      policy: { scope: "role:coder", autonomy: "PROPOSE", rules: { tools: ["read_file", "write_file", "run_checks"] }, expiresAt: "" },
      notes: [],
    });
    expect((await line(org, "policy", "role:coder"))[0]).toMatchObject({ id: answer.beadId, supersedes: answer.previousBeadId, writtenBy: "tester" });
    expect(await state()).toMatchObject({ autonomy: "PROPOSE", policy: { beadId: answer.beadId, autonomy: "PROPOSE" } });
    expect(await admin.applyPolicy({ policy: { ...PROPOSE, autonomy: "SUGGEST" } })).toMatchObject({ version: 3, previousBeadId: answer.beadId });
  });

  it("changes nothing for the same content again", async () => {
    const { org, admin } = await aWorld("same");
    const first = await admin.applyPolicy({ policy: PROPOSE });
    for (const dryRun of [true, false]) {
      expect(await admin.applyPolicy({ policy: PROPOSE, dryRun })).toMatchObject({ changed: false, beadId: first.beadId, version: 2, policy: first.policy });
    }
    expect(await admin.applyPolicy({ policy: { ...PROPOSE, effectiveAt: first.policy?.effectiveAt ?? "" } })).toMatchObject({ changed: false });
    expect(await line(org, "policy", "role:coder")).toHaveLength(2);
  });

  it("writes nothing on a dry run and answers what it would write", async () => {
    const { org, admin, state } = await aWorld("dry");
    const dry = await admin.applyPolicy({ policy: PROPOSE, dryRun: true });
    expect(dry).toMatchObject({ changed: true, version: 2, policy: { autonomy: "PROPOSE" } });
    expect(await line(org, "policy", "role:coder")).toHaveLength(1);
    expect(await state()).toMatchObject({ autonomy: "EXECUTE_BOUNDED" });
    const shown = { ...PROPOSE, effectiveAt: dry.policy?.effectiveAt ?? "" };
    expect(await admin.applyPolicy({ policy: shown, expectedHead: dry.previousBeadId })).toMatchObject({ changed: true, beadId: dry.beadId });
  });

  it("refuses when the head is not the expected one, none included", async () => {
    const { org, admin } = await aWorld("moved");
    const dry = await admin.applyPolicy({ policy: PROPOSE, dryRun: true });
    await admin.applyPolicy({ policy: { ...PROPOSE, autonomy: "SUGGEST" } });
    await expectRefusal("STALE_TARGET", () => admin.applyPolicy({ policy: PROPOSE, expectedHead: dry.previousBeadId }));
    await expectRefusal("STALE_TARGET", () => admin.applyPolicy({ policy: PROPOSE, expectedHead: "" }));
    expect(await line(org, "policy", "role:coder")).toHaveLength(2);
    expect(await admin.applyPolicy({ policy: { ...PROPOSE, scope: "org" }, expectedHead: "" })).toMatchObject({
      changed: true,
      version: 1,
      previousBeadId: "",
    });
  });

  it("keeps the guidance that the loop has written unless the policy states its own", async () => {
    const { org, admin, state } = await aWorld("guided");
    const guidance = [{ from: "AMD-1", text: "Round half up." }];
    await admin.applyPolicy({ policy: { ...PROPOSE, rules: { ...PROPOSE.rules, guidance } } });
    const kept = await admin.applyPolicy({ policy: { ...PROPOSE, autonomy: "EXECUTE_BOUNDED" } });
    expect(kept.policy?.rules?.["guidance"]).toEqual(guidance);
    expect(kept.notes).toEqual([expect.stringContaining("1 sentence of guidance")]);
    expect((await state()).rules?.["guidance"]).toEqual(guidance);
    const replaced = await admin.applyPolicy({ policy: { ...PROPOSE, rules: { ...PROPOSE.rules, guidance: [] } } });
    expect([replaced.policy?.rules?.["guidance"], replaced.notes]).toEqual([[], []]);
    expect((await line(org, "policy", "role:coder")).map(({ content }) => content["autonomy"])).toEqual([
      "PROPOSE",
      "EXECUTE_BOUNDED",
      "PROPOSE",
      "EXECUTE_BOUNDED",
    ]);
  });

  it("lists every problem of a policy, each with its field", async () => {
    const { org, admin } = await aWorld("faulty");
    const policy = {
      scope: "role:codr",
      autonomy: "EVERYTHING",
      rules: { tools: ["read_file", "fly", 7, "read_file"], network: "full", guidance: [{ from: "", text: "x" }] },
      effectiveAt: "2026-02-30T00:00:00Z",
      expiresAt: "2020-01-01T00:00:00Z",
    };
    const err = await expectRefusal("INVALID_ARGUMENT", () => admin.applyPolicy({ policy }));
    expect(detailOf(err).problems.map(({ field }) => field)).toEqual([
      "scope",
      "autonomy",
      "rules.tools.1",
      "rules.tools.2",
      "rules.tools.3",
      "rules.network",
      "rules.guidance.0",
      "effective_at",
      "expires_at",
    ]);
    expect(detailOf(err).problems[2]?.problem).toContain("read_file");
    await expectRefusal("INVALID_ARGUMENT", () => admin.applyPolicy({}));
    await expectRefusal("INVALID_ARGUMENT", () => admin.applyPolicy({ policy: { ...PROPOSE, rules: { tools: "all" } } }));
    const late = new Date(Date.now() + 2 * YEAR_MS).toISOString();
    await expectRefusal("INVALID_ARGUMENT", () => admin.applyPolicy({ policy: { ...PROPOSE, effectiveAt: late, expiresAt: soon() } }));
    expect(await line(org, "policy", "role:coder")).toHaveLength(1);
  });

  it("says what has no effect: a rule that nothing reads, an organisation's policy behind the roles' own, a later time", async () => {
    const { admin, state } = await aWorld("noted");
    const answer = await admin.applyPolicy({ policy: { scope: "org", autonomy: "SUGGEST", rules: { tols: [] }, effectiveAt: soon() } });
    expect(answer.notes).toEqual([
      "rules.tols is kept and read by nothing.",
      expect.stringContaining("until then"),
      "role:coder, role:integrator, role:verifier:outcome have policies of their own, which win.",
    ]);
    expect(await state()).toMatchObject({ autonomy: "EXECUTE_BOUNDED" });
  });

  it("waits for its time: until then what it supersedes governs", async () => {
    const { admin, state } = await aWorld("later");
    const from = soon();
    await admin.applyPolicy({ policy: { ...PROPOSE, effectiveAt: from } });
    expect(await state()).toMatchObject({ autonomy: "EXECUTE_BOUNDED", policy: { standing: "active" } });
    expect(await admin.applyPolicy({ policy: { ...PROPOSE, effectiveAt: from } })).toMatchObject({ changed: false });
    expect(await admin.applyPolicy({ policy: PROPOSE })).toMatchObject({ changed: true });
    expect(await state()).toMatchObject({ autonomy: "PROPOSE" });
  });
});

describe("changing what governs", () => {
  it("needs admin, which no other scope stands for", async () => {
    const { admin } = clientsOf((await storeCredentials(put, "scoped-admin", ["session:read", "session:control", "review:decide"])).apiKey);
    const changes = [
      () => admin.setTrust({}),
      () => admin.revokeTrust({}),
      () => admin.setConsent({}),
      () => admin.revokeConsent({}),
      () => admin.applyPolicy({}),
    ];
    for (const run of changes) {
      expect((await expectRefusal("PERMISSION_DENIED", run)).rawMessage).toContain("admin");
    }
  });
});
