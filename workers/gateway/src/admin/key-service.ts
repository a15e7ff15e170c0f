/** The methods of `factory.v1.FactoryAdmin` that make, rotate, revoke and list the caller's organisation's API keys. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { scopeSchema, scopesOfRoles, type AuthenticatedPrincipal, type Scope } from "@factory/governance";
import { FactoryError, MEMBER_PATTERN } from "@factory/schemas";
import type {
  IssueKeyRequest,
  IssueKeyResponseSchema,
  ListKeysResponseSchema,
  RevokeKeyRequest,
  RevokeKeyResponseSchema,
  RotateKeyRequest,
  RotateKeyResponseSchema,
} from "@factory/schemas/proto";
import type { NewApiKeyRequest, OrgDirectoryRpc } from "@factory/schemas/rpc";
import { abortable } from "../abortable.ts";
import { raise } from "../connect-errors.ts";
import type { GatewayDeps } from "../deps.ts";
import type { CallScope } from "../sessions.ts";
import { actorOf, shownIssue, shownKey } from "./directory-view.ts";
import { refuseProblems, type FieldProblem } from "./field-problems.ts";
import { memberIdProblems, nameProblems } from "./org-service.ts";

/** Longest overlap of a key that is rotated, in seconds: a week. */
export const MAX_OVERLAP_S = 7 * 24 * 60 * 60;
/** Stands before a machine's name, so that it can never be taken for a member: no member's id has a colon. */
const MACHINE_PREFIX = "machine:";
/** What a machine's key never has: reviews are decided by people, and a name that anybody may make up is no person. */
const NOT_FOR_MACHINES: Scope = "review:decide";
/** Longest id of a key, in characters. */
const MAX_KEY_ID_CHARS = 64;

/**
 * Makes a key: never with more scopes than the caller's own credential has, or than the member's roles allow.
 *
 * @throws FactoryError INVALID_ARGUMENT with every problem, NOT_FOUND for a member that is none, PERMISSION_DENIED for more than is held
 */
export async function issueKey(deps: GatewayDeps, scope: CallScope, request: IssueKeyRequest): Promise<MessageInitShape<typeof IssueKeyResponseSchema>> {
  const { principal, signal } = scope;
  refuseProblems(newKeyProblems(request, deps.now()));
  const directory = deps.directory(principal.org);
  const holder = request.machine === "" ? await memberHolder(directory, scope, request.memberId) : machineHolder(request.machine);
  const scopes = grantedScopes(
    principal,
    holder,
    request.scopes.map((text) => scopeSchema.parse(text)),
  );
  const { label, expiresAt } = request;
  const wanted: NewApiKeyRequest = {
    label: label.trim(),
    ...holder.owner,
    scopes,
    expiresAt: expiresAt === undefined ? null : new Date(timestampMs(expiresAt)).toISOString(),
  };
  const answer = await abortable(signal, directory.issueKey(wanted, actorOf(scope)));
  return answer.ok ? { issued: shownIssue(answer.issued) } : raise(answer);
}

/** Whose key it is, and what they may have at most; null for what only the caller's own credential bounds. */
type Holder = { readonly owner: Pick<NewApiKeyRequest, "principalId" | "memberId">; readonly name: string; readonly allowed: readonly Scope[] | null };

function machineHolder(machine: string): Holder {
  const principalId = `${MACHINE_PREFIX}${machine}`;
  return { owner: { principalId, memberId: null }, name: principalId, allowed: null };
}

async function memberHolder(directory: OrgDirectoryRpc, { principal, signal }: CallScope, asked: string): Promise<Holder> {
  const memberId = asked === "" ? principal.person : asked;
  const members = await abortable(signal, directory.members());
  const member = members.find((known) => known.memberId === memberId && known.status === "active");
  if (member === undefined) throw new FactoryError("NOT_FOUND", `There is no member ${memberId.slice(0, 127)}; name one, or a machine.`);
  return { owner: { principalId: memberId, memberId }, name: memberId, allowed: scopesOfRoles(member.roles) };
}

/** @throws FactoryError PERMISSION_DENIED, or INVALID_ARGUMENT for a key that would open nothing */
function grantedScopes(principal: AuthenticatedPrincipal, { name, allowed }: Holder, asked: readonly Scope[]): Scope[] {
  const wanted = asked.length > 0 ? asked : (allowed ?? []).filter((scope) => principal.scopes.includes(scope));
  if (wanted.length === 0) refuseProblems([{ field: "scopes", problem: "are missing: there is none that both the holder and the caller may have." }]);
  if (allowed === null && wanted.includes(NOT_FOR_MACHINES))
    throw new FactoryError("PERMISSION_DENIED", `A machine's key never has the scope ${NOT_FOR_MACHINES}.`);
  refuseMore(wanted, allowed ?? wanted, `The roles of ${name} do not allow`);
  refuseMore(wanted, principal.scopes, "Your own credential does not have");
  return [...new Set(wanted)];
}

function refuseMore(wanted: readonly string[], held: readonly string[], why: string): void {
  const more = wanted.filter((scope) => !held.includes(scope));
  if (more.length > 0) throw new FactoryError("PERMISSION_DENIED", `${why} ${more.join(", ")}.`, { scopes: more });
}

/**
 * Makes a key with the same powers in the place of one. Who gets its text gets these powers, so the caller's own credential must
 * have them.
 *
 * @throws FactoryError INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED; what the directory refuses
 */
export async function rotateKey(
  deps: GatewayDeps,
  scope: CallScope,
  { keyId, overlapSeconds }: RotateKeyRequest,
): Promise<MessageInitShape<typeof RotateKeyResponseSchema>> {
  const { principal, signal } = scope;
  refuseProblems([...keyIdProblems(keyId), ...overlapProblems(overlapSeconds)]);
  const directory = deps.directory(principal.org);
  const keys = await abortable(signal, directory.keys());
  const key = keys.find((known) => known.keyId === keyId);
  if (key === undefined) throw new FactoryError("NOT_FOUND", `There is no key ${keyId} for this org.`);
  refuseMore(key.scopes, principal.scopes, "Your own credential does not have");
  const answer = await abortable(signal, directory.rotateKey(keyId, overlapSeconds, actorOf(scope)));
  return answer.ok ? { issued: shownIssue(answer.issued) } : raise(answer);
}

/** Ends a key. @throws FactoryError INVALID_ARGUMENT; what the directory refuses */
export async function revokeKey(deps: GatewayDeps, scope: CallScope, { keyId }: RevokeKeyRequest): Promise<MessageInitShape<typeof RevokeKeyResponseSchema>> {
  refuseProblems(keyIdProblems(keyId));
  const answer = await abortable(scope.signal, deps.directory(scope.principal.org).revokeKey(keyId, actorOf(scope)));
  return answer.ok ? { key: shownKey(answer.key) } : raise(answer);
}

/** All keys, those that no longer work included. */
export async function listKeys(deps: GatewayDeps, { principal, signal }: CallScope): Promise<MessageInitShape<typeof ListKeysResponseSchema>> {
  const keys = await abortable(signal, deps.directory(principal.org).keys());
  return { keys: keys.map(shownKey) };
}

function newKeyProblems({ label, memberId, machine, scopes, expiresAt }: IssueKeyRequest, nowMs: number): FieldProblem[] {
  return [
    ...nameProblems("label", label),
    ...(memberId === "" ? [] : memberIdProblems("member_id", memberId)),
    ...(machine === "" || MEMBER_PATTERN.test(machine) ? [] : [{ field: "machine", problem: "must be a slug in lower case." }]),
    ...(memberId !== "" && machine !== "" ? [{ field: "machine", problem: "and member_id exclude each other." }] : []),
    ...scopes.flatMap((scope, index) => (scopeSchema.safeParse(scope).success ? [] : [{ field: `scopes.${index}`, problem: "is no scope." }])),
    ...endProblems(expiresAt, nowMs),
  ];
}

/** Latest time that a text of RFC 3339 can say, in epoch milliseconds. */
const LAST_MOMENT_MS = Date.parse("9999-12-31T23:59:59Z");

function endProblems(expiresAt: Timestamp | undefined, nowMs: number): FieldProblem[] {
  if (expiresAt === undefined) return [];
  const at = timestampMs(expiresAt);
  if (at > LAST_MOMENT_MS) return [{ field: "expires_at", problem: "is too far ahead." }];
  return at > nowMs ? [] : [{ field: "expires_at", problem: "has passed already." }];
}

/** What is wrong with the id of a key. */
export function keyIdProblems(keyId: string): FieldProblem[] {
  return keyId !== "" && keyId.length <= MAX_KEY_ID_CHARS ? [] : [{ field: "key_id", problem: "must be the id of a key, as they are listed." }];
}

/** What is wrong with an overlap. */
export function overlapProblems(overlapSeconds: number): FieldProblem[] {
  return overlapSeconds <= MAX_OVERLAP_S ? [] : [{ field: "overlap_seconds", problem: `must be ${MAX_OVERLAP_S} at most.` }];
}
