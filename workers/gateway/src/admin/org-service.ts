/** The methods of `factory.v1.FactoryAdmin` that tell of the caller and make and show organisations. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { scopesOfRoles } from "@factory/governance";
import { FactoryError, MEMBER_PATTERN, MEMBER_ROLES, ORG_PATTERN } from "@factory/schemas";
import type {
  CreateOrgRequest,
  CreateOrgResponseSchema,
  GetOrgResponseSchema,
  ListOrgChangesRequest,
  ListOrgChangesResponseSchema,
  WhoAmIResponseSchema,
} from "@factory/schemas/proto";
import type { OrgDirectoryRpc, OrgView } from "@factory/schemas/rpc";
import { abortable } from "../abortable.ts";
import { raise } from "../connect-errors.ts";
import type { GatewayDeps } from "../deps.ts";
import type { CallScope } from "../sessions.ts";
import { actorOf, shownChange, shownIssue, shownOrg } from "./directory-view.ts";
import { refuseProblems, type FieldProblem } from "./field-problems.ts";

/** Longest name of an organisation or a member, in characters. */
export const MAX_NAME_CHARS = 200;

/** Changes of a page that states no limit, and the most of one. */
const CHANGES_PAGE = 50;
const CHANGES_MAX = 100;

/** Who is calling, from the credential alone. */
export function whoAmI({ principal }: CallScope): MessageInitShape<typeof WhoAmIResponseSchema> {
  const { org, id, person, kind, roles, scopes } = principal;
  return { org, principalId: id, person, kind, roles: [...roles], scopes: [...scopes] };
}

/** @throws FactoryError NOT_FOUND for an organisation of before there was a directory */
export async function getOrg(deps: GatewayDeps, { principal, signal }: CallScope): Promise<MessageInitShape<typeof GetOrgResponseSchema>> {
  const { org } = principal;
  const [view, suspensions] = await abortable(signal, Promise.all([deps.directory(org).describe(), deps.governance.suspensions(org)]));
  return { org: shownOrg(known(view, org), suspensions) };
}

/**
 * Makes an organisation with its first admin. A repeat of a call that broke off goes on where it was: the key is issued when
 * the organisation has none.
 *
 * @throws FactoryError PERMISSION_DENIED outside of the platform's own organisation, INVALID_ARGUMENT with every problem
 */
export async function createOrg(deps: GatewayDeps, scope: CallScope, request: CreateOrgRequest): Promise<MessageInitShape<typeof CreateOrgResponseSchema>> {
  const { principal, signal } = scope;
  if (principal.org !== deps.rootOrg) throw new FactoryError("PERMISSION_DENIED", "Organisations are made by the admins of the platform's own.");
  refuseProblems(newOrgProblems(request));
  const { org, name, adminMemberId, adminName } = request;
  // The one directory that is asked for by name: it is the organisation that is made here.
  const directory = deps.directory(org);
  const founded = await abortable(signal, directory.found(name, actorOf(scope)));
  if (!founded.ok) return raise(founded);
  const keys = founded.created ? [] : await abortable(signal, directory.keys());
  const issued = keys.length > 0 ? null : await firstKey(directory, scope, { memberId: adminMemberId, name: adminName });
  const view = known(await abortable(signal, directory.describe()), org);
  return { org: shownOrg(view, []), created: founded.created, ...(issued === null ? {} : { issued }) };
}

/** The first admin with a key that lets do what the caller's own lets do. */
async function firstKey(directory: OrgDirectoryRpc, scope: CallScope, { memberId, name }: { memberId: string; name: string }) {
  const { principal, signal } = scope;
  const actor = actorOf(scope);
  const member = { memberId, name, roles: MEMBER_ROLES.filter((role) => role === "admin"), oidcSubject: null, linearUserId: null };
  const added = await abortable(signal, directory.putMember(member, actor));
  if (!added.ok) return raise(added);
  const scopes = scopesOfRoles(member.roles).filter((held) => principal.scopes.includes(held));
  const answer = await abortable(signal, directory.issueKey({ label: "first admin", principalId: memberId, memberId, scopes, expiresAt: null }, actor));
  return answer.ok ? shownIssue(answer.issued) : raise(answer);
}

function newOrgProblems({ org, name, adminMemberId, adminName }: CreateOrgRequest): FieldProblem[] {
  return [
    ...(ORG_PATTERN.test(org) ? [] : [{ field: "org", problem: "must be lower-case letters, digits and dashes, 63 at most, with a letter or digit first." }]),
    ...nameProblems("name", name),
    ...memberIdProblems("admin_member_id", adminMemberId),
    ...nameProblems("admin_name", adminName),
  ];
}

/** What is wrong with a name for people. */
export function nameProblems(field: string, name: string): FieldProblem[] {
  if (name.trim() === "") return [{ field, problem: "is missing." }];
  return name.length <= MAX_NAME_CHARS && !/\p{Cc}/u.test(name) ? [] : [{ field, problem: `must be one line of at most ${MAX_NAME_CHARS} characters.` }];
}

/** What is wrong with a member's id. */
export function memberIdProblems(field: string, memberId: string): FieldProblem[] {
  return MEMBER_PATTERN.test(memberId) ? [] : [{ field, problem: "must be a slug or an e-mail address, in lower case." }];
}

/** @throws FactoryError INVALID_ARGUMENT for a limit that is none */
export async function listOrgChanges(
  deps: GatewayDeps,
  { principal, signal }: CallScope,
  { before, limit }: ListOrgChangesRequest,
): Promise<MessageInitShape<typeof ListOrgChangesResponseSchema>> {
  if (limit > CHANGES_MAX) refuseProblems([{ field: "limit", problem: `must be ${CHANGES_MAX} at most.` }]);
  const changes = await abortable(signal, deps.directory(principal.org).changes(before === 0 ? null : before, limit === 0 ? CHANGES_PAGE : limit));
  return { changes: changes.map(shownChange) };
}

function known(view: OrgView | null, org: string): OrgView {
  if (view === null) throw new FactoryError("NOT_FOUND", `The organisation ${org} has no directory.`);
  return view;
}
