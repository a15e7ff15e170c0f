import { FILES, aKey, aPackage } from "@factory/verification/testing";
import { EVIDENCE_CHECKS } from "@factory/verification/evidence";
import { describe, expect, it } from "vitest";
import { PENDING_STEPS } from "./evidence-steps.ts";
import { checkEvidence, type EvidenceAnswer, type EvidenceQuestion, type ReceivedFile } from "./evidence-check.ts";

const quiet = (): void => undefined;
const received = (files: ReadonlyMap<string, string> = FILES): ReceivedFile[] =>
  [...files].map(([path, text]) => ({ path, bytes: new TextEncoder().encode(text) }));

async function aQuestion(change: Partial<EvidenceQuestion> = {}): Promise<EvidenceQuestion> {
  const key = await aKey();
  const { bytes } = await aPackage(key.signer);
  return { package: bytes, keys: JSON.stringify({ keys: [key.publicKey] }), files: null, log: null, ...change };
}

async function checked(question: EvidenceQuestion): Promise<Extract<EvidenceAnswer, { kind: "checked" }>> {
  const answer = await checkEvidence(question, quiet);
  if (answer.kind !== "checked") throw new Error(answer.why);
  return answer;
}

describe("the check of evidence", () => {
  it("passes a package that nobody touched, and says of each check that it held or was not compared", async () => {
    const { holds, steps, fault, facts } = await checked(await aQuestion());
    expect({ holds, fault }).toEqual({ holds: true, fault: null });
    expect(steps.map(({ check }) => check)).toEqual(EVIDENCE_CHECKS);
    expect(steps.filter(({ state }) => state !== "held")).toEqual([
      { check: "tree", state: "not compared" },
      { check: "log", state: "not compared" },
    ]);
    expect(new Map(facts).get("Order")).toBe("Doubling");
  });

  it("fails a package of which one byte was changed, wherever it is, and never shows what it says as if it were so", async () => {
    const question = await aQuestion();
    for (const part of [0.1, 0.5, 0.97]) {
      const changed = Uint8Array.from(question.package);
      const place = Math.floor(changed.length * part);
      changed[place] = (changed[place] ?? 0) ^ 1;
      const { holds, fault, steps, facts } = await checked({ ...question, package: changed });
      expect(holds).toBe(false);
      expect(fault).not.toBeNull();
      expect(facts).toBeNull();
      const failed = steps.findIndex(({ state }) => state === "failed");
      expect(steps[failed]?.check).toBe(fault?.check);
      expect(steps.slice(0, failed).every(({ state }) => state === "held")).toBe(true);
      expect(steps.slice(failed + 1).every(({ state }) => state === "not reached" || state === "not compared")).toBe(true);
    }
  });

  it("names the delivered file that is not what was sealed", async () => {
    const files = received(new Map([...FILES, ["src/double.ts", "export const double = (n: number): number => 3 * n;\n"]]));
    const { fault, steps } = await checked(await aQuestion({ files }));
    expect(fault).toMatchObject({ check: "tree", path: "src/double.ts" });
    expect(steps.find(({ check }) => check === "tree")?.state).toBe("failed");
  });

  it("holds with the delivered files, the package itself among them or not, and tells of each that it hashes", async () => {
    const question = await aQuestion();
    const files = [...received(), { path: "evidence.json", bytes: question.package }];
    const doing: string[] = [];
    const answer = await checkEvidence({ ...question, files }, (text) => doing.push(text));
    expect(answer).toMatchObject({ kind: "checked", holds: true });
    expect(doing).toContain("Hashing file 2 of 3");
  });

  it("fails a package that a key signed which is not trusted, and checks nothing without keys", async () => {
    const other = await aKey();
    const { fault } = await checked(await aQuestion({ keys: JSON.stringify({ keys: [other.publicKey] }) }));
    expect(fault?.check).toBe("key");
    expect(await checkEvidence(await aQuestion({ keys: '{"keys":[]}' }), quiet)).toEqual({ kind: "unchecked", why: "The set holds no key." });
  });
});

describe("the list of checks on the page", () => {
  it("is that of the check itself, in its order", () => {
    expect(PENDING_STEPS.map(({ check }) => check)).toEqual(EVIDENCE_CHECKS);
  });
});
