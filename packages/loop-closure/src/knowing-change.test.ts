import { AUTONOMY } from "@factory/schemas";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_GUIDANCE, guidanceOf, knowingStateBead } from "./index.ts";
import { successorOf } from "./knowing-change.ts";
import { ORG } from "./testing/ward.ts";

const score = fc.double({ min: 0, max: 1, noNaN: true });
const authority = fc.constantFrom("verifier" as const, "person" as const);
const formation = (by: "verifier" | "person") => ({
  org: ORG,
  amendmentId: "AMD-1",
  rationale: "it waited",
  reviewer: { id: "r", authority: by },
  writtenAt: 0,
});

test("no adoption raises a trust above what was proposed, nor, unless a person decides, above what it is; nor does it change its status or end", () => {
  const status = fc.constantFrom("PENDING", "APPROVED", "SUSPENDED", "REVOKED");
  fc.assert(
    fc.property(score, fc.double({ min: -2, max: 3, noNaN: true }), status, authority, (present, proposed, standing, by) => {
      const content = {
        subject_id: "nurse:ida",
        subject_type: "nurse",
        status: standing,
        trust_score: present,
        rationale: "",
        evidence_refs: [],
        expiry: "2030-01-01T00:00:00Z",
      };
      const head = knowingStateBead({ type: "trust", content, parents: [], writtenAt: 0 }, ORG);
      const successor = successorOf(head, { target: "trust", subjectId: "nurse:ida", score: proposed }, formation(by));
      if (successor === null) return;
      const next = Number(successor.content["trust_score"]);
      expect(next).toBeLessThanOrEqual(Math.max(0, proposed));
      if (by === "verifier") expect(next).toBeLessThanOrEqual(present);
      expect(next).toBeGreaterThanOrEqual(0);
      expect(next).toBeLessThanOrEqual(1);
      expect(successor.content).toMatchObject({ subject_id: "nurse:ida", subject_type: "nurse", status: standing, expiry: "2030-01-01T00:00:00Z" });
      expect(successor.supersedes).toBe(head.id);
    }),
  );
});

test("no adoption changes the autonomy, the scope or the term of a policy, nor any other of its rules", () => {
  const rules = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(fc.constantFrom(...AUTONOMY), rules, fc.array(fc.string(), { maxLength: 30 }), authority, (autonomy, kept, texts, by) => {
      const content = { scope: "org", rules: kept, autonomy, effective_at: "2026-01-01T00:00:00Z", expires_at: "2030-01-01T00:00:00Z" };
      let head = knowingStateBead({ type: "policy", content, parents: [], writtenAt: 0 }, ORG);
      for (const guidance of texts) head = successorOf(head, { target: "policy", scope: "org", guidance }, formation(by)) ?? head;
      const { rules: after, ...rest } = head.content;
      const { rules: _, ...before } = content;
      expect(rest).toEqual(before);
      const { guidance: _added, ...others } = after as { readonly [rule: string]: unknown };
      const { guidance: _had, ...expected } = kept;
      expect(others).toEqual(expected);
      const sentences = guidanceOf(after as object).map(({ text }) => text);
      expect(sentences.length).toBeLessThanOrEqual(MAX_GUIDANCE);
      expect(new Set(sentences).size).toBe(sentences.length);
    }),
  );
});
