/** What an organisation's directory answers, as messages. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { ApiKeySchema, IssuedKeySchema, MemberSchema, OrgChangeSchema, OrgSchema, SigningKeySchema } from "@factory/schemas/proto";
import type { ApiKeyView, DirectoryActor, DirectoryChange, IssuedKey, MemberView, OrgView, SigningKeyView, Suspension } from "@factory/schemas/rpc";
import type { CallScope } from "../sessions.ts";

/** Who changes something, as the directory keeps it. */
export function actorOf({ principal, call }: CallScope): DirectoryActor {
  return { principalId: principal.id, person: principal.person, requestId: call.requestId };
}

const moment = (text: string): Timestamp => timestampFromMs(Date.parse(text));
/** A field of a time that may be absent. */
function at<F extends string>(field: F, text: string | null): { [K in F]?: Timestamp } {
  // A computed name widens to `string`; the type above says which it is.
  return (text === null ? {} : { [field]: moment(text) }) as { [K in F]?: Timestamp };
}

/** An organisation with what two people have suspended in it. */
export function shownOrg(view: OrgView, suspensions: readonly Suspension[]): MessageInitShape<typeof OrgSchema> {
  const { org, name, createdAt, members, keys, issuers } = view;
  return {
    org,
    name,
    createdAt: moment(createdAt),
    members,
    keys,
    issuers: issuers.map((issuer) => ({ ...issuer })),
    suspensions: suspensions.map(({ assembly, reason, by, since, dispositionEventId }) => ({
      assembly: assembly ?? "",
      reason,
      by: [...by],
      since: moment(since),
      dispositionEventId,
    })),
  };
}

/** A member. */
export function shownMember(view: MemberView): MessageInitShape<typeof MemberSchema> {
  const { memberId, name, roles, oidcSubject, linearUserId, status, createdAt } = view;
  return { memberId, name, roles: [...roles], oidcSubject: oidcSubject ?? "", linearUserId: linearUserId ?? "", status, createdAt: moment(createdAt) };
}

/** A key, by what names it. */
export function shownKey(view: ApiKeyView): MessageInitShape<typeof ApiKeySchema> {
  const { keyId, label, principalId, memberId, scopes, createdAt, expiresAt, lastUsedAt, status, successorId } = view;
  return {
    keyId,
    label,
    principalId,
    memberId: memberId ?? "",
    scopes: [...scopes],
    createdAt: moment(createdAt),
    ...at("expiresAt", expiresAt),
    ...at("lastUsedAt", lastUsedAt),
    status,
    successorId: successorId ?? "",
  };
}

/** A key with its text, which is shown here and never again. */
export function shownIssue({ apiKey, key }: IssuedKey): MessageInitShape<typeof IssuedKeySchema> {
  return { apiKey, key: shownKey(key) };
}

/** A key of the registry. */
export function shownSigningKey({ keyId, algorithm, uses, status, createdAt, retiresAt }: SigningKeyView): MessageInitShape<typeof SigningKeySchema> {
  return { keyId, algorithm, uses: [...uses], status, createdAt: moment(createdAt), ...at("retiresAt", retiresAt) };
}

/** One change of the organisation. */
export function shownChange({ seq, at: when, actor, what }: DirectoryChange): MessageInitShape<typeof OrgChangeSchema> {
  return { seq, at: moment(when), ...actor, what };
}
