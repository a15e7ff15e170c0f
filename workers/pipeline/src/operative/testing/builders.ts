/** Directives, claims and reports for the tests of the operative. */
import { describeTool, TOOL_NAMES } from "@factory/gears";
import { artifactNode, contentId, runIdOf } from "@factory/schemas";
import type { AtomDirective, Claim, ContentPrefix, Id, TaskResult } from "@factory/schemas";
import type { ClaimedBead } from "@factory/schemas/rpc";
import type { OperativeIdentity } from "../operative-store.ts";

export const ORG = "acme";
export const RUN = runIdOf(ORG, "SES-1", "SPEC-1");

const anId = <P extends ContentPrefix>(prefix: P, name: string): Id<P> => contentId(prefix, { kind: "Test", org: ORG, content: { name }, parents: [] });

export const ASSEMBLY = "pricing";
/** What a run is under and what it is directed by, as they are in the artifact graph of an org's assembly. */
export function lineageOf(org: string) {
  const specification = artifactNode("SPEC", "Specification", org, { assembly: ASSEMBLY, domain: "WO-1", version: 1 }, []);
  return { specification, directive: artifactNode("DIR", "AtomDirective", org, { title: "Write double" }, [specification.id]) };
}

export const { specification: SPECIFICATION_NODE, directive: DIRECTIVE_NODE } = lineageOf(ORG);

export function anIdentity(overrides: Partial<OperativeIdentity> = {}): OperativeIdentity {
  return { org: ORG, runId: RUN, slot: 0, ...overrides };
}

export function anExample(line: number, arg: number, expected: number): Claim["visible"][number] {
  return {
    functionName: "double",
    args: [{ kind: "json", value: arg }],
    expected: { kind: "json", value: expected },
    text: `double(${arg}) => ${expected}`,
    line,
  };
}

export const EXAMPLES = [anExample(10, 1, 2), anExample(11, 4, 8)];

/** The block of the directive's instructions, with the examples it was compiled from. */
export const TASK = {
  task: "write-code",
  function: { name: "double", params: [{ name: "n", type: "number", optional: false }], returnType: "number" },
  file: "src/double.ts",
  examples: [
    { args: [1], expected: 2 },
    { args: [4], expected: 8 },
  ],
  dependencies: [],
};

export function aDirective(overrides: Partial<AtomDirective> = {}): AtomDirective {
  return {
    directiveId: DIRECTIVE_NODE.id,
    atomId: anId("ATOM", "double"),
    workGraphId: anId("WG", "graph"),
    runId: RUN,
    assembly: ASSEMBLY,
    team: "build",
    role: "coder",
    gearId: anId("GEAR", "coder"),
    title: "Write double",
    instructions: `Write \`double\`.\n\n\`\`\`json task\n${JSON.stringify(TASK, null, 2)}\n\`\`\``,
    claimRefs: ["C-1"],
    fileScope: { read: ["**"], write: ["src/double.ts"] },
    specFiles: [{ path: "spec/claims.json", content: "[]" }],
    toolPolicy: { permitted: [...TOOL_NAMES] },
    toolSchemas: TOOL_NAMES.map((name) => ({ ...describeTool(name) })),
    invariantIds: [],
    dependsOn: [],
    successCheck: { kind: "examples", claim: "C-1" },
    retryPolicy: { maxAttempts: 3, backoffMs: 250 },
    timeoutMs: 60_000,
    model: { alias: "factory/coder", thinking: "none" },
    budgetUsd: 1,
    elucidationArtifactId: anId("ELC", "elucidation"),
    policyBeadId: anId("KSB", "policy"),
    ...overrides,
  };
}

export function aBead(overrides: Partial<ClaimedBead> = {}): ClaimedBead {
  return {
    beadId: anId("BEAD", "double"),
    epoch: 1,
    attempt: 1,
    cycle: 0,
    leaseUntil: 0,
    directive: aDirective(),
    specificationId: SPECIFICATION_NODE.id,
    tree: {},
    claims: [{ claimId: "C-1", kind: "criterion", text: "`double` doubles.", line: 5, functionName: "double", visible: EXAMPLES, testFiles: [] }],
    invariants: [],
    typesRequired: false,
    feedback: [],
    ...overrides,
  };
}

export function anotherBeadId(name: string): string {
  return anId("BEAD", name);
}

/** The JSON text of a report. */
export function aReport(overrides: Partial<TaskResult> = {}): string {
  return JSON.stringify({ status: "COMPLETE", reasoning: "It doubles.", blockers: [], assumptionsMade: [], verifiedFacts: [], ...overrides });
}

/** The file the directive asks for. */
export const SOURCE = "export function double(n: number): number {\n  return n * 2;\n}\n";

/** A tool call that writes it. */
export const WRITE = [{ tool: "write_file", input: { path: "src/double.ts", content: SOURCE } }] as const;
