import { describe, expect, test } from "vitest";
import { aConsent, aGraph, anAmendment, aPolicy, aTrust, codeOf, ROLE, SUBJECT, tamper } from "./testing/builders.ts";

describe("reading beads", () => {
  test("a line is read newest first, in pages, and its tip is the last bead whether it is in force or not", () => {
    const { graph, write } = aGraph();
    const line = { type: "trust", subject: SUBJECT } as const;
    expect(graph.tip(line)).toBeNull();
    expect(graph.history(line)).toEqual([]);
    let supersedes: string | undefined;
    const ids: string[] = [];
    for (let score = 0; score < 40; score++) {
      const bead = aTrust({ trust_score: score / 40, status: "SUSPENDED" }, supersedes === undefined ? {} : { supersedes });
      write(bead);
      write(aTrust({ subject_id: `agent:${score}` }));
      ids.unshift(bead.id);
      supersedes = bead.id;
    }
    expect(graph.tip(line)?.id).toBe(ids[0]);
    expect(graph.history(line).map(({ id }) => id)).toEqual(ids);
    expect(graph.history(line, 17).map(({ id }) => id)).toEqual(ids.slice(0, 17));
    expect(graph.history(line, 100, ids[16]).map(({ id }) => id)).toEqual(ids.slice(17));
  });

  test("a page ends before its answer grows too large", () => {
    const { graph, write } = aGraph();
    for (let n = 0; n < 20; n++) write(anAmendment({ rationale: String(n), proposed_change: { text: "x".repeat(250_000) } }));
    expect(graph.openAmendments("SPEC-1")).toHaveLength(16);
  });

  test("a limit out of bounds and a start from another line are refused", () => {
    const { graph, write } = aGraph();
    const policy = aPolicy();
    write(policy);
    for (const limit of [0, -1, 1.5, 1_001]) expect(codeOf(() => graph.openEscalations(limit))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.history({ type: "trust", subject: SUBJECT }, 10, policy.id))).toBe("NOT_FOUND");
    expect(codeOf(() => graph.history({ type: "policy", subject: `role:${ROLE}` }, 10, "KSB-NONE"))).toBe("NOT_FOUND");
  });

  test.each([
    ["is no JSON", "{"],
    ["says something else", JSON.stringify({ ...aTrust().content, trust_score: 1 })],
  ])("a bead whose stored text %s is INTEGRITY, not an answer", (_, text) => {
    const { graph, write, storage } = aGraph();
    const bead = aTrust();
    write(bead);
    tamper(storage, bead.id, text);
    const line = { type: "trust", subject: SUBJECT } as const;
    for (const read of [() => graph.get(bead.id), () => graph.tip(line), () => graph.history(line)]) expect(codeOf(read)).toBe("INTEGRITY");
  });

  test("a bead whose place in its line was changed is INTEGRITY, not an answer", () => {
    const { graph, write, storage } = aGraph();
    const [first, other] = [aTrust(), aPolicy()];
    const second = aTrust({ status: "REVOKED" }, { supersedes: first.id });
    for (const bead of [first, other, second]) write(bead);
    storage.sql.exec("DROP TRIGGER beads_never_change");
    storage.sql.exec("UPDATE beads SET supersedes = ? WHERE id = ?", other.id, second.id);
    expect(codeOf(() => graph.get(second.id))).toBe("INTEGRITY");
  });

  test("a bead that follows a damaged one mends the line", () => {
    const { write, state, storage } = aGraph();
    const [damaged, mended] = [aTrust(), aTrust({}, { supersedes: aTrust().id })];
    for (const bead of [aPolicy(), aConsent(), damaged]) write(bead);
    tamper(storage, damaged.id, "{");
    expect(state().trust.standing).toBe("unreadable");
    write(mended);
    expect(state().autonomy).toBe("EXECUTE_FULL");
  });
});
