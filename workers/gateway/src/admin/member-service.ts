/** The methods of `factory.v1.FactoryAdmin` that change and list the caller's organisation's members. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { isRecordKey } from "@factory/governance";
import { kvKey, MEMBER_ROLES, type MemberRole } from "@factory/schemas";
import type {
  ListMembersResponseSchema,
  PutMemberRequest,
  PutMemberResponseSchema,
  RemoveMemberRequest,
  RemoveMemberResponseSchema,
} from "@factory/schemas/proto";
import { abortable } from "../abortable.ts";
import { raise } from "../connect-errors.ts";
import type { GatewayDeps } from "../deps.ts";
import type { CallScope } from "../sessions.ts";
import { actorOf, shownMember } from "./directory-view.ts";
import { refuseProblems, type FieldProblem } from "./field-problems.ts";
import { memberIdProblems, nameProblems } from "./org-service.ts";

/** Longest id of a user in Linear, in characters: a UUID, with room. */
const MAX_LINEAR_ID_CHARS = 64;

/** Adds a member or changes one. @throws FactoryError INVALID_ARGUMENT with every problem; what the directory refuses */
export async function putMember(deps: GatewayDeps, scope: CallScope, request: PutMemberRequest): Promise<MessageInitShape<typeof PutMemberResponseSchema>> {
  const { org } = scope.principal;
  const { memberId, name, roles, oidcSubject, linearUserId } = request;
  refuseProblems([
    ...memberIdProblems("member_id", memberId),
    ...nameProblems("name", name),
    ...roleProblems(roles),
    ...subjectProblems(org, oidcSubject),
    ...linearProblems(linearUserId),
  ]);
  const member = {
    memberId,
    name: name.trim(),
    roles: MEMBER_ROLES.filter((role) => roles.includes(role)),
    oidcSubject: oidcSubject === "" ? null : oidcSubject,
    linearUserId: linearUserId === "" ? null : linearUserId,
  };
  const answer = await abortable(scope.signal, deps.directory(org).putMember(member, actorOf(scope)));
  return answer.ok ? { member: shownMember(answer.member), changed: answer.changed } : raise(answer);
}

/** Removes a member; their keys stop working. @throws FactoryError INVALID_ARGUMENT; what the directory refuses */
export async function removeMember(
  deps: GatewayDeps,
  scope: CallScope,
  { memberId }: RemoveMemberRequest,
): Promise<MessageInitShape<typeof RemoveMemberResponseSchema>> {
  refuseProblems(memberIdProblems("member_id", memberId));
  const answer = await abortable(scope.signal, deps.directory(scope.principal.org).removeMember(memberId, actorOf(scope)));
  return answer.ok ? { revokedKeys: answer.revokedKeys } : raise(answer);
}

/** All members, those that were removed included. */
export async function listMembers(deps: GatewayDeps, { principal, signal }: CallScope): Promise<MessageInitShape<typeof ListMembersResponseSchema>> {
  const members = await abortable(signal, deps.directory(principal.org).members());
  return { members: members.map(shownMember) };
}

function isRole(name: string): name is MemberRole {
  return (MEMBER_ROLES as readonly string[]).includes(name);
}

function roleProblems(roles: readonly string[]): FieldProblem[] {
  if (roles.length === 0) return [{ field: "roles", problem: `names at least one of ${MEMBER_ROLES.join(", ")}.` }];
  return roles.flatMap((role, index) => {
    const field = `roles.${index}`;
    if (!isRole(role)) return [{ field, problem: `is none of ${MEMBER_ROLES.join(", ")}.` }];
    return roles.indexOf(role) === index ? [] : [{ field, problem: "is named twice." }];
  });
}

/** A subject that the record store cannot hold could never sign in. */
function subjectProblems(org: string, subject: string): FieldProblem[] {
  const fits = subject.isWellFormed() && !/\p{Cc}/u.test(subject) && subject.length <= 255 && isRecordKey(kvKey.memberBySubject(org, subject));
  return fits ? [] : [{ field: "oidc_subject", problem: "must be the `sub` of the issuer's tokens, 255 characters at most." }];
}

function linearProblems(linearUserId: string): FieldProblem[] {
  const fits = linearUserId.length <= MAX_LINEAR_ID_CHARS && /^[A-Za-z0-9-]*$/.test(linearUserId);
  return fits ? [] : [{ field: "linear_user_id", problem: "must be the id of a user in Linear." }];
}
