/** The intake gate: whether an order can be worked on at all, asked before any model is. */
import type { AcceptanceCriterion, OrderFault, VerificationReport, WorkOrder } from "@factory/schemas";
import { contradictoryBounds } from "./bounds.ts";
import { denials } from "./denials.ts";
import { mistypedExamples } from "./example-types.ts";
import { everyCriterionExecuted, testabilityOf, vagueWords } from "./testability.ts";
import type { Measure, Testability } from "./testability.ts";
import { undeclaredTypes } from "./undeclared-types.ts";

export { everyCriterionExecuted, testabilityOf, vagueWords };
export type { Measure, Testability };

/** What the gate looks at. */
export type IntakeSubject = {
  readonly order: WorkOrder;
  /** Content of the attached files, by path. */
  readonly baseTree: { readonly [path: string]: string };
};

/** What the gate can refuse. Codes are stable: tools and tests key on them. */
type IntakeRule =
  | "TEST_NOT_ATTACHED"
  | "CRITERION_UNTESTABLE"
  | "FUNCTION_UNTESTABLE"
  | "TYPE_UNDECLARED"
  | "EXAMPLE_MISTYPED"
  | "BOUNDS_CONTRADICT"
  | "STATEMENTS_CONTRADICT";

type Finding = {
  readonly checked?: VerificationReport["checked"][number];
  readonly unchecked?: VerificationReport["notChecked"][number];
  readonly fault?: OrderFault & { readonly rule: IntakeRule };
};

/** What the gate refuses an order for, each with its line and what mends it; empty when it passes. */
export function intakeFaults(subject: IntakeSubject): OrderFault[] {
  return findingsOf(subject).flatMap(({ fault }) => fault ?? []);
}

/**
 * The gate's finding on an order: every criterion is decided by examples, attached tests or a named person, every function
 * is asked for by something that decides it, every type is declared, every example fits its signature, and no two statements exclude each other.
 *
 * @param subjectId - the artifact the report is about
 */
export function intakeReport(subject: IntakeSubject, subjectId: string): VerificationReport {
  const { order } = subject;
  const findings = findingsOf(subject);
  const checked: VerificationReport["checked"] = [
    { check: "order-parses", outcome: "PASS", detail: order.title },
    {
      check: "has-acceptance-criteria",
      outcome: order.acceptanceCriteria.length > 0 ? "PASS" : "FAIL",
      detail: `${order.acceptanceCriteria.length} criteria`,
    },
    ...findings.flatMap((finding) => finding.checked ?? []),
  ];
  const remediation = [
    ...(order.acceptanceCriteria.length > 0 ? [] : ["Add a section `## Acceptance criteria` with a list of what must hold."]),
    ...findings.flatMap(({ fault }) => (fault === undefined ? [] : [`Line ${fault.line}: ${fault.fix}`])),
  ];
  return {
    gate: "intake",
    outcome: checked.every(({ outcome }) => outcome === "PASS") ? "PASS" : "FAIL",
    subjectId,
    checked,
    notChecked: findings.flatMap(({ unchecked }) => unchecked ?? []),
    remediation,
  };
}

function findingsOf({ order, baseTree }: IntakeSubject): Finding[] {
  const statements = [...order.acceptanceCriteria, ...order.constraints, ...order.successMetrics];
  return [
    ...order.acceptanceCriteria.map((criterion) => criterionFinding(criterion, order, baseTree)),
    ...functionsWithoutProof(order),
    ...undeclaredTypes(order, baseTree).map(undeclaredFinding),
    ...mistypedExamples(order).map(mistypedFinding),
    ...contradictoryBounds(statements).map(contradictionFinding),
    ...denials(statements).map(denialFinding),
  ];
}

function criterionFinding(criterion: AcceptanceCriterion, order: WorkOrder, baseTree: IntakeSubject["baseTree"]): Finding {
  const { text, line, tests } = criterion;
  const check = `testable: ${text}`;
  const missing = tests.filter((path) => !Object.hasOwn(baseTree, path));
  if (missing.length > 0) {
    return {
      checked: { check, outcome: "FAIL", detail: `not attached: ${missing.join(", ")}` },
      fault: { line, rule: "TEST_NOT_ATTACHED", fix: `attach ${missing.join(", ")} with \`files\`, or name another test.` },
    };
  }
  const testability = testabilityOf(criterion, order);
  switch (testability.how) {
    case "untestable":
      return {
        checked: { check, outcome: "FAIL", detail: `line ${line}: ${testability.detail}` },
        fault: { line, rule: "CRITERION_UNTESTABLE", fix: `"${text}" cannot be decided: ${testability.detail}. Write instead: ${testability.proposal}` },
      };
    case "person":
      return { unchecked: { check, reason: testability.detail } };
    case "examples":
    case "tests":
      return { checked: { check, outcome: "PASS", detail: testability.detail } };
    default:
      return testability satisfies never;
  }
}

/** A function that no criterion names becomes a criterion of its own, which only its examples can decide. */
function functionsWithoutProof({ functions, examples, acceptanceCriteria }: WorkOrder): Finding[] {
  const proved = new Set([...examples.map(({ functionName }) => functionName), ...acceptanceCriteria.map(({ functionName }) => functionName)]);
  return functions
    .filter(({ name }) => !proved.has(name))
    .map(({ name, line }) => ({
      checked: { check: `testable: \`${name}\``, outcome: "FAIL", detail: `line ${line}: no criterion names it and no example calls it` },
      fault: {
        line,
        rule: "FUNCTION_UNTESTABLE",
        fix: `\`${name}\` is asked for by nothing that decides it. Add examples of it, name it in a criterion with tests, or remove its block.`,
      },
    }));
}

function contradictionFinding({ upper, lower }: ReturnType<typeof contradictoryBounds>[number]): Finding {
  return {
    checked: { check: `consistent: ${upper.text}`, outcome: "FAIL", detail: `line ${lower.line} says: ${lower.text}` },
    fault: {
      line: lower.line,
      rule: "BOUNDS_CONTRADICT",
      fix: `"${lower.text}" excludes what line ${upper.line} says: "${upper.text}". Keep the right one.`,
    },
  };
}

function denialFinding({ first, second }: ReturnType<typeof denials>[number]): Finding {
  return {
    checked: { check: `consistent: ${first.text}`, outcome: "FAIL", detail: `line ${second.line} says: ${second.text}` },
    fault: {
      line: second.line,
      rule: "STATEMENTS_CONTRADICT",
      fix: `"${second.text}" denies what line ${first.line} says: "${first.text}". Keep the right one.`,
    },
  };
}

function undeclaredFinding({ block, type }: ReturnType<typeof undeclaredTypes>[number]): Finding {
  return {
    checked: { check: `declared: \`${type}\``, outcome: "FAIL", detail: `line ${block.line}: \`${block.name}\` uses it` },
    fault: {
      line: block.line,
      rule: "TYPE_UNDECLARED",
      fix: `\`${block.name}\` uses the type \`${type}\`, which nothing declares. Add \`type ${type} = ...\` to a \`ts\` fence, or attach the file that declares it.`,
    },
  };
}

function mistypedFinding({ example, problem }: ReturnType<typeof mistypedExamples>[number]): Finding {
  return {
    checked: { check: `fits its signature: ${example.text}`, outcome: "FAIL", detail: `line ${example.line}: it ${problem}` },
    fault: { line: example.line, rule: "EXAMPLE_MISTYPED", fix: `the example ${problem}. Correct the example or the signature.` },
  };
}
