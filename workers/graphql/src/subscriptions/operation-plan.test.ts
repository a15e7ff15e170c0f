import { SESSION } from "../testing/shard-world.ts";
import { sessionDocument, testPlanner } from "../testing/graphql-dialects.ts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OPERATION_LIMITS } from "./operation-limits.ts";

const planner = testPlanner();
const variables = { sessionId: SESSION, afterSeq: 3 };

/** The plan of a document that is good. */
function planOf(query: string, more: object = {}) {
  const plan = planner.plan({ query, variables, ...more });
  if (!plan.ok) throw new Error(plan.errors.map(({ message }) => message).join("; "));
  return plan;
}

/** What is wrong with a document. */
function faultsOf(query: string, more: object = {}): string {
  const plan = planner.plan({ query, variables, ...more });
  return plan.ok ? "" : plan.errors.map(({ message }) => message).join("; ");
}

describe("a plan", () => {
  it("has the root field with its arguments, wherever they are written", () => {
    const args = { sessionId: SESSION, afterSeq: 3 };
    expect(planOf(sessionDocument)).toMatchObject({ field: "sessionEvents", args });
    expect(planOf(`subscription { x: sessionEvents(afterSeq: 3, sessionId: "${SESSION}") { lastSeq } }`)).toMatchObject({ field: "sessionEvents", args });
    const spread = `subscription A($sessionId: ID!) { ...S } fragment S on Subscription { ... on Subscription { sessionEvents(sessionId: $sessionId, afterSeq: 3) { lastSeq } } }`;
    expect(planOf(spread)).toMatchObject({ field: "sessionEvents", args });
    expect(planOf(`subscription { sessionEvents(sessionId: "${SESSION}") { lastSeq } }`)).toMatchObject({ args: { afterSeq: 0 } });
  });

  it("takes the operation that is named, and nothing of the others", () => {
    const both = `${sessionDocument} subscription Other { artifactWrites(assemblyId: "a") { events { ...E } } } fragment E on Event { seq }`;
    expect(planOf(both, { operationName: "Other" })).toMatchObject({ field: "artifactWrites", args: { assemblyId: "a" } });
    expect(planOf(both, { operationName: "Follow" }).selection.key).toBe(planOf(sessionDocument).selection.key);
  });

  it("has one selection for what selects the same, wherever its cursor stands", () => {
    const { key } = planOf(sessionDocument).selection;
    expect(planOf(sessionDocument, { variables: { sessionId: SESSION, afterSeq: 99 } }).selection.key).toBe(key);
    expect(planOf(sessionDocument, { variables: { sessionId: SESSION, afterSeq: null, unused: 1 } }).selection.key).toBe(key);
    expect(
      planOf(sessionDocument.replaceAll("$afterSeq", "$from").replaceAll(/\s+/g, "  "), { variables: { sessionId: SESSION, from: 1 } }).selection.key,
    ).toBe(key);
    expect(planOf(sessionDocument.replace("seq kind", "kind")).selection.key).not.toBe(key);
  });

  it("keeps the variables that decide what is selected", () => {
    const query = `subscription ($sessionId: ID!, $more: Boolean = false) { sessionEvents(sessionId: $sessionId) { lastSeq events { seq kind @include(if: $more) } } }`;
    const [yes, no, absent] = [{ more: true }, { more: false }, {}].map((more) => planOf(query, { variables: { sessionId: SESSION, ...more } }).selection);
    expect(yes?.key).not.toBe(no?.key);
    expect(yes?.text).toContain('{"more":true}');
    expect(yes?.text).not.toContain(SESSION);
    expect(absent?.text).toContain("$more:Boolean=false");
  });

  it("says no text of the client's own cursor or log", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(1_000_000), (one, other) => {
        const at = (afterSeq: number): string =>
          planOf(`subscription { sessionEvents(sessionId: "${SESSION}", afterSeq: ${afterSeq}) { lastSeq } }`).selection.text;
        expect(at(one)).toBe(at(other));
      }),
    );
  });
});

describe("a document is refused that", () => {
  const session = (selection: string): string => `subscription ($sessionId: ID!) { sessionEvents(sessionId: $sessionId) ${selection} }`;
  it.each<[string, string, object, string]>([
    ["does not parse", "subscription {", {}, "Syntax Error"],
    ["does not fit the schema", session("{ nothing }"), {}, "nothing"],
    ["is a query", "{ ok }", {}, "subscriptions"],
    ["is a mutation", "mutation { ok }", {}, "subscriptions"],
    [
      "has two root fields",
      `subscription { a: sessionEvents(sessionId: "x") { lastSeq } b: sessionEvents(sessionId: "y") { lastSeq } }`,
      {},
      "one top level field",
    ],
    ["skips its root field", `subscription { sessionEvents(sessionId: "x") @skip(if: true) { lastSeq } }`, {}, "selects no field"],
    ["asks for the schema", "subscription { __typename }", {}, "introspection"],
    ["names no operation of several", `${sessionDocument} subscription B { artifactWrites(assemblyId: "a") { lastSeq } }`, {}, "operationName"],
    ["names one that it has not", sessionDocument, { operationName: "Nope" }, "Nope"],
    ["lacks a variable", sessionDocument, { variables: {} }, "sessionId"],
    ["has a variable of another type", sessionDocument, { variables: { sessionId: SESSION, afterSeq: "3" } }, "afterSeq"],
    ["spreads a fragment into itself", `${session("{ events { ...E } }")} fragment E on Event { ...E }`, {}, "itself"],
    ["is too long", `${sessionDocument} #${"x".repeat(OPERATION_LIMITS.documentChars)}`, {}, "characters"],
    ["has variables that are too long", sessionDocument, { variables: { ...variables, x: "x".repeat(OPERATION_LIMITS.variablesChars) } }, "characters"],
    ["has too many tokens", session(`{ events { ${"seq ".repeat(OPERATION_LIMITS.tokens)} } }`), {}, "tokens"],
    ["has too many fields", session(`{ events { ${"seq ".repeat(OPERATION_LIMITS.fields)} } }`), {}, "fields"],
    [
      "has too many aliases",
      session(`{ events { ${Array.from({ length: OPERATION_LIMITS.aliases + 1 }, (_, n) => `a${n}: seq`).join(" ")} } }`),
      {},
      "aliases",
    ],
    ["has too many directives", session(`{ events { ${"seq @skip(if: false) ".repeat(OPERATION_LIMITS.directives + 1)} } }`), {}, "directives"],
    [
      "spreads little into much",
      `${session("{ events { ...A ...A ...A ...A ...A ...A ...A } }")} fragment A on Event { ...B ...B ...B ...B ...B ...B } fragment B on Event { seq kind stream runId sessionId }`,
      {},
      "fields",
    ],
  ])("%s", (_name, query, more, message) => {
    expect(faultsOf(query, more)).toContain(message);
  });

  it("is no reason to throw, whatever it says", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.option(fc.string()), fc.dictionary(fc.string(), fc.jsonValue()), (query, operationName, given) => {
        expect(planner.plan({ query, operationName, variables: given }).ok).toBe(false);
      }),
    );
  });
});
