/**
 * The authority registry: which organisation is shown in which team of Linear, and which person there may decide what. It comes
 * from `config/authority.yaml` and is read whole; a registry that is missing, does not parse or is of another schema version permits
 * nothing.
 */
import { DISPOSITION_VERBS, MEMBER_PATTERN, ORG_PATTERN, SIGNAL_SCOPES } from "@factory/schemas";
import type { DispositionVerb, SignalScope } from "@factory/schemas";
import { z } from "zod";

/** Raised with every change of the schema; what was published before is then as if it were not there. */
export const AUTHORITY_SCHEMA_VERSION = 1;

const SCOPES = Object.values(SIGNAL_SCOPES);
const linearId = z.string().min(1).max(128);

const authorityPerson = z.strictObject({
  /** The person's id in Linear. */
  linearUserId: linearId,
  name: z.string().min(1).max(128),
  /** Who they are in the organisation: two accounts of one member are one person. */
  member: z.string().regex(MEMBER_PATTERN),
  scopes: z.array(z.enum(SCOPES)).max(SCOPES.length),
  addedAt: z.iso.datetime({ offset: true }),
  addedBy: z.string().min(1).max(128),
});
/** A person who may decide in Linear. */
export type AuthorityPerson = z.infer<typeof authorityPerson>;

const authorityOrg = z.strictObject({
  org: z.string().regex(ORG_PATTERN),
  /** The team whose issues show the organisation's work. */
  team: z.strictObject({ id: linearId, key: z.string().regex(/^[A-Z][A-Z0-9]{0,9}$/) }),
  /** Id of the project that issues are put into; absent: none. */
  project: linearId.optional(),
  people: z.array(authorityPerson).max(1_000),
});
/** One organisation in Linear. */
export type AuthorityOrg = z.infer<typeof authorityOrg>;

/** The registry, as `config/authority.yaml` has it and as it is published. */
export const authorityRegistry = z
  .strictObject({
    schemaVersion: z.literal(AUTHORITY_SCHEMA_VERSION),
    /** Of the content: raised with every change of it. */
    version: z.number().int().positive(),
    orgs: z.array(authorityOrg).max(1_000),
    /** Distinct people that it takes. */
    approvals: z.strictObject({ override: z.number().int().min(2).max(8) }),
  })
  .refine(({ orgs }) => distinct(orgs.map(({ org }) => org)), "names an organisation twice")
  .refine(({ orgs }) => distinct(orgs.map(({ team }) => team.id)), "gives one team to two organisations")
  .refine(({ orgs }) => orgs.every(({ people }) => distinct(people.map(({ linearUserId }) => linearUserId))), "names a person twice in one organisation");
export type AuthorityRegistry = z.infer<typeof authorityRegistry>;

function distinct(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

/** The scope that each verb needs; `reject` needs what `resume` needs. */
export const VERB_SCOPES: { readonly [Verb in DispositionVerb]: SignalScope } = {
  resume: SIGNAL_SCOPES.ResumeSignal,
  commission: SIGNAL_SCOPES.CommissioningSignal,
  patch: SIGNAL_SCOPES.PatchAuthSignal,
  "pipeline-config": SIGNAL_SCOPES.PipelineConfigAuthSignal,
  override: SIGNAL_SCOPES.OverrideSignal,
  reject: SIGNAL_SCOPES.ResumeSignal,
};

/** Why a person may not decide. */
export type AuthorityDenial = "NO_REGISTRY" | "UNKNOWN_ORG" | "OTHER_ORG" | "UNREGISTERED";

/** The person behind an account of Linear, or why there is none. No registry: nobody. */
export function personOf(
  registry: AuthorityRegistry | null,
  org: string,
  linearUserId: string,
): { readonly ok: true; readonly person: AuthorityPerson } | { readonly ok: false; readonly denial: AuthorityDenial } {
  if (registry === null) return { ok: false, denial: "NO_REGISTRY" };
  const own = registry.orgs.find((entry) => entry.org === org);
  if (own === undefined) return { ok: false, denial: "UNKNOWN_ORG" };
  const person = own.people.find((one) => one.linearUserId === linearUserId);
  if (person !== undefined) return { ok: true, person };
  const elsewhere = registry.orgs.some(({ people }) => people.some((one) => one.linearUserId === linearUserId));
  return { ok: false, denial: elsewhere ? "OTHER_ORG" : "UNREGISTERED" };
}

/** Whether the person may use the verb. */
export function mayUse({ scopes }: Pick<AuthorityPerson, "scopes">, verb: DispositionVerb): boolean {
  return scopes.includes(VERB_SCOPES[verb]);
}

/** The verbs that a person may use, in the grammar's order. */
export function verbsOf(person: Pick<AuthorityPerson, "scopes">): DispositionVerb[] {
  return DISPOSITION_VERBS.filter((verb) => mayUse(person, verb));
}

/** The organisation whose work is shown in a team; null for a team that is not in the registry. */
export function orgOfTeam(registry: AuthorityRegistry, teamId: string): AuthorityOrg | null {
  return registry.orgs.find(({ team }) => team.id === teamId) ?? null;
}
