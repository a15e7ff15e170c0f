/** A policy set: files of policies and their schema, read once, with what each policy's annotations say. */
import { digestOf, FactoryError } from "@factory/schemas";
import { cedarProblem, type CedarEngine } from "./cedar-engine.ts";

/** Policies as text: what a file of the folder `policies` holds, and the schema they are written against. */
export type PolicySource = { readonly schema: string; readonly files: readonly { readonly name: string; readonly text: string }[] };

/** One policy of a set. */
export type ReadPolicy = {
  /** Its `@id`. */
  readonly id: string;
  readonly file: string;
  readonly text: string;
  readonly effect: "permit" | "forbid";
  /** The action it is about; null for every action. */
  readonly action: string | null;
  /** Its `@approvals`: distinct people who have to approve; 1 without one. */
  readonly approvals: number;
  /** Its `@reason`: what a person is told when it forbids; null without one. */
  readonly reason: string | null;
  /** Its `@needs`: what a caller lacks whom it does not permit; null without one. */
  readonly needs: string | null;
};

/** A set that holds: every policy parses, has an id of its own, and fits the schema. */
export type PolicySet = {
  /** SHA-256 of schema and files. */
  readonly digest: string;
  readonly schema: string;
  readonly policies: ReadonlyMap<string, ReadPolicy>;
};

/** Ids go into evidence and events: a slug that a person can say. */
const ID_PATTERN = /^[a-z][a-z0-9-]{0,63}$/;
const ANNOTATIONS: ReadonlySet<string> = new Set(["id", "approvals", "reason", "needs"]);
/** More distinct people than any organisation would wait for: a number above is a slip. */
const MAX_APPROVALS = 9;

/**
 * Reads a set.
 *
 * @throws FactoryError FAILED_PRECONDITION that names the file and what is wrong: an incomplete set would decide otherwise than
 *   whoever wrote it thinks.
 */
export function readPolicySet(engine: CedarEngine, source: PolicySource): PolicySet {
  const policies = new Map<string, ReadPolicy>();
  for (const { name, text } of source.files) {
    for (const policy of policiesOf(engine, name, text)) {
      const other = policies.get(policy.id);
      if (other !== undefined) fault(name, `has a second policy "${policy.id}"; the other is in ${other.file}`);
      policies.set(policy.id, policy);
    }
  }
  if (policies.size === 0) throw new FactoryError("FAILED_PRECONDITION", "The policy set has no policy: it would deny everything without saying so.");
  const answer = engine.validate({ schema: source.schema, policies: { staticPolicies: textsOf(policies) }, validationSettings: { mode: "strict" } });
  if (answer.type === "failure") fault("the policy set", cedarProblem(answer.errors));
  // A warning is a policy that can never apply, or text that looks like other text: neither is in a set that is meant.
  const [problem] = [...answer.validationErrors, ...answer.validationWarnings];
  if (problem !== undefined) fault(policies.get(problem.policyId)?.file ?? "the policy set", `"${problem.policyId}": ${cedarProblem([problem.error])}`);
  return { digest: digestOf(source), schema: source.schema, policies };
}

/** Text of each policy by its id. */
export function textsOf(policies: PolicySet["policies"]): { [id: string]: string } {
  return Object.fromEntries([...policies.values()].map(({ id, text }) => [id, text]));
}

function policiesOf(engine: CedarEngine, file: string, text: string): ReadPolicy[] {
  const parts = engine.policySetTextToParts(text);
  if (parts.type === "failure") return fault(file, cedarProblem(parts.errors));
  if (parts.policy_templates.length > 0) return fault(file, "has a template; nothing links templates here");
  if (parts.policies.length === 0) return fault(file, "has no policy");
  return parts.policies.map((policy) => readPolicy(engine, file, policy));
}

function readPolicy(engine: CedarEngine, file: string, text: string): ReadPolicy {
  const answer = engine.policyToJson(text);
  if (answer.type === "failure") return fault(file, cedarProblem(answer.errors));
  const { effect, action, annotations = {} } = answer.json;
  const { id = "", approvals, reason, needs } = annotations;
  if (!ID_PATTERN.test(id)) return fault(file, `has a policy whose @id is no slug: "${id}"`);
  const unknown = Object.keys(annotations).find((name) => !ANNOTATIONS.has(name));
  if (unknown !== undefined) return fault(file, `"${id}" has the annotation @${unknown}, which nothing reads`);
  if (approvals !== undefined && effect === "forbid") return fault(file, `"${id}" forbids, so nobody is asked: it has no @approvals`);
  return { id, file, text, effect, action: actionOf(action), approvals: approvalsOf(file, id, approvals), reason: reason ?? null, needs: needs ?? null };
}

function approvalsOf(file: string, id: string, text: string | undefined): number {
  if (text === undefined) return 1;
  const count = /^[0-9]$/.test(text) ? Number(text) : 0;
  return count >= 1 ? count : fault(file, `"${id}" has @approvals("${text}"): a whole number from 1 to ${MAX_APPROVALS} is meant`);
}

/** The one action that a policy names; null when it is about several or all. */
function actionOf(constraint: object): string | null {
  if (!("entity" in constraint)) return null;
  const { entity } = constraint;
  return typeof entity === "object" && entity !== null && "id" in entity && typeof entity.id === "string" ? entity.id : null;
}

function fault(file: string, problem: string): never {
  throw new FactoryError("FAILED_PRECONDITION", `${file}: ${problem}.`);
}
