import * as fc from "fast-check";
import { contentId } from "@factory/schemas";
import type { Claim, Example } from "@factory/schemas";
import type { CompileRequest, InheritedSpecification } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { claimsOfOrder } from "./claims.ts";
import { compileWorkGraph } from "./compile.ts";
import { inheritClaims } from "./inherit.ts";
import { orderDigest } from "./split.ts";
import { anOrder } from "./testing/orders.ts";
import { aCompileRequest } from "./testing/requests.ts";

const order = anOrder({
  criteria: ["`double` gives twice its argument."],
  functions: ["function double(n: number): number"],
  examples: [1, 2, 3, 4, 5, 6].map((n) => `double(${n}) => ${2 * n}`),
});
const plain = claimsOfOrder(order);
const hiddenLines = plain.flatMap(({ holdout }) => holdout.map(({ line }) => line));
const specificationId = contentId("SPEC", { kind: "Specification", org: "acme", content: { version: 2 }, parents: [] });

function anInheritance(changes: Partial<InheritedSpecification> = {}): InheritedSpecification {
  return {
    specificationId,
    orderDigest: orderDigest(order),
    revealed: [{ claimId: "C-1", lines: hiddenLines.slice(0, 1) }],
    notes: [{ claimId: "C-1", note: "Mind the sign." }],
    ...changes,
  };
}

function compiledWith(inherited: InheritedSpecification | undefined) {
  const changes: Partial<CompileRequest> = inherited === undefined ? {} : { inherited };
  return compileWorkGraph(aCompileRequest(order, changes));
}

describe("a session on an order that an earlier one has learnt about", () => {
  test("shows what was revealed before and hides the rest", () => {
    expect(hiddenLines).toHaveLength(2);
    const [claim] = compiledWith(anInheritance()).claims;
    expect(claim?.holdout.map(({ line }) => line)).toEqual(hiddenLines.slice(1));
    expect(claim?.visible.map(({ line }) => line)).toContain(hiddenLines[0]);
  });

  test("tells the coder what was learnt, from the first attempt on", () => {
    const [coder] = compiledWith(anInheritance()).seed?.beads ?? [];
    expect(coder?.directive.instructions).toContain("Mind the sign.");
    expect(compiledWith(undefined).seed?.beads[0]?.directive.instructions).not.toContain("Mind the sign.");
  });

  test("derives its specification from the one it starts from, and keeps the notes for the next session", () => {
    const compiled = compiledWith(anInheritance());
    const specification = compiled.artifacts.find(({ node }) => node.id === compiled.specificationId);
    expect(specification?.edges).toContainEqual({ source: compiled.specificationId, rel: "derived_from", target: specificationId });
    expect(specification?.node.data["notes"]).toEqual([{ claimId: "C-1", note: "Mind the sign." }]);
    expect(compiled.report.outcome).toBe("PASS");
  });

  test("inherits nothing from another order", () => {
    const plainRun = compiledWith(undefined);
    expect(compiledWith(anInheritance({ orderDigest: "another" }))).toEqual(plainRun);
  });

  test("drops notes on claims that the order does not have", () => {
    const compiled = compiledWith(anInheritance({ notes: [{ claimId: "C-9", note: "Of nothing." }] }));
    expect(compiled.notes).toEqual([]);
  });
});

describe("inherited reveals", () => {
  const anExample = (line: number): Example => ({
    functionName: "f",
    args: [],
    expected: { kind: "json", value: line },
    text: `f() => ${line}`,
    line,
  });
  const lines = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });

  test("lose no example, show none twice and never the last hidden one", () => {
    fc.assert(
      fc.property(lines, fc.nat(12), fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }), (all, cut, revealed) => {
        const claim: Claim = {
          claimId: "C-1",
          kind: "criterion",
          text: "It holds.",
          line: 1,
          visible: all.slice(cut).map(anExample),
          holdout: all.slice(0, cut).map(anExample),
          testFiles: [],
        };
        const [after] = inheritClaims([claim], { revealed: [{ claimId: "C-1", lines: revealed }] });
        const shown = after?.visible.map(({ line }) => line) ?? [];
        const hidden = after?.holdout.map(({ line }) => line) ?? [];
        expect([...shown, ...hidden].sort((a, b) => a - b)).toEqual([...all].sort((a, b) => a - b));
        expect(hidden.length).toBeGreaterThanOrEqual(Math.min(1, claim.holdout.length));
        expect(hidden.filter((line) => revealed.includes(line)).length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
