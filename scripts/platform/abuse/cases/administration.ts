/** Admins who take or give away more than is theirs. */
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { DescMessage, DescMethod, MessageInitShape } from "@bufbuild/protobuf";
import { FactoryAdmin } from "@factory/schemas/proto";
import { refused, type Answer } from "../answers.ts";
import { grouped, type GroupedCase } from "../case.ts";
import { SUBJECTS, type Keys } from "../people.ts";
import type { AbuseWorld } from "../world.ts";

const { method } = FactoryAdmin;

/** Calls a method as somebody. */
function asks<I extends DescMessage, O extends DescMessage>(
  name: string,
  who: keyof Keys,
  asked: DescMethod & { readonly input: I; readonly output: O },
  message: MessageInitShape<I> | ((world: AbuseWorld) => MessageInitShape<I>),
  expected: Answer,
): GroupedCase {
  const made = (world: AbuseWorld): MessageInitShape<I> => (typeof message === "function" ? message(world) : message);
  return { name, call: (world) => world.door.connect(asked, made(world), world.keys[who]), expected };
}

const secret = Buffer.alloc(32, 3).toString("base64");
const submissionKey = (keyId: string, value = secret) => ({ key: { keyId, uses: ["submission"], material: { case: "secret" as const, value } } });

/** Administration. */
export const ADMINISTRATION_CASES = grouped("administration", [
  asks("a key with the scope admin by an operator", "otto", method.issueKey, { label: "mine", scopes: ["admin"] }, refused("PERMISSION_DENIED")),
  asks(
    "a machine's key with more than its issuer has",
    "registrar",
    method.issueKey,
    { label: "more", machine: "more", scopes: ["session:submit"] },
    refused("PERMISSION_DENIED"),
  ),
  asks(
    "a machine's key that decides reviews",
    "dev",
    method.issueKey,
    { label: "decides", machine: "judge", scopes: ["review:decide"] },
    refused("PERMISSION_DENIED"),
  ),
  asks(
    "a member's key with more than the member's roles allow",
    "dev",
    method.issueKey,
    { label: "more", memberId: "vera", scopes: ["session:submit"] },
    refused("PERMISSION_DENIED"),
  ),
  asks("a key for somebody who was removed", "dev", method.issueKey, { label: "back", memberId: "rolf" }, refused("NOT_FOUND")),
  asks("a key for a member of another organisation", "dev", method.issueKey, { label: "theirs", memberId: "root" }, refused("NOT_FOUND")),
  asks("a key with a scope that nobody knows", "dev", method.issueKey, { label: "all", machine: "all", scopes: ["*"] }, refused("INVALID_ARGUMENT")),
  asks(
    "a key that has expired before it is issued",
    "dev",
    method.issueKey,
    { label: "late", machine: "late", scopes: ["session:read"], expiresAt: timestampFromMs(1) },
    refused("INVALID_ARGUMENT"),
  ),
  asks("a rotation of a key with more than one's own", "registrar", method.rotateKey, ({ keyIds }) => ({ keyId: keyIds.dev }), refused("PERMISSION_DENIED")),
  asks(
    "a rotation whose overlap is longer than a week",
    "dev",
    method.rotateKey,
    ({ keyIds }) => ({ keyId: keyIds.dev, overlapSeconds: 604_801 }),
    refused("INVALID_ARGUMENT"),
  ),
  asks("an end of another organisation's key", "dev", method.revokeKey, ({ keyIds }) => ({ keyId: keyIds.otherAdmin }), refused("NOT_FOUND")),
  asks("an end of this organisation's key by another's admin", "otherAdmin", method.revokeKey, ({ keyIds }) => ({ keyId: keyIds.dev }), refused("NOT_FOUND")),
  asks("a removal of the last admin", "otherAdmin", method.removeMember, { memberId: "root" }, refused("FAILED_PRECONDITION")),
  asks(
    "a last admin who becomes a viewer",
    "otherAdmin",
    method.putMember,
    { memberId: "root", name: "Root", roles: ["viewer"], oidcSubject: SUBJECTS.other },
    refused("FAILED_PRECONDITION"),
  ),
  asks("a member with a role that nobody knows", "dev", method.putMember, { memberId: "eve", name: "Eve", roles: ["owner"] }, refused("INVALID_ARGUMENT")),
  asks(
    "a member with another member's subject",
    "dev",
    method.putMember,
    { memberId: "eve", name: "Eve", roles: ["viewer"], oidcSubject: SUBJECTS.ann },
    refused("ALREADY_EXISTS"),
  ),
  asks(
    "an organisation made by another one's admin",
    "otherAdmin",
    method.createOrg,
    { org: "third", name: "Third", adminMemberId: "eve", adminName: "Eve" },
    refused("POLICY_DENIED"),
  ),
  asks(
    "an organisation made by an operator",
    "otto",
    method.createOrg,
    { org: "third", name: "Third", adminMemberId: "eve", adminName: "Eve" },
    refused("PERMISSION_DENIED"),
  ),
  asks(
    "an organisation whose name is no slug",
    "dev",
    method.createOrg,
    { org: "../local", name: "Third", adminMemberId: "eve", adminName: "Eve" },
    refused("INVALID_ARGUMENT"),
  ),
  asks(
    "an issuer that is not behind TLS",
    "dev",
    method.putIssuer,
    { issuer: { issuer: "http://issuer.example", audience: "x", jwksUri: "http://issuer.example/jwks" } },
    refused("INVALID_ARGUMENT"),
  ),
  asks(
    "an issuer whose keys are inside the network",
    "dev",
    method.putIssuer,
    { issuer: { issuer: "https://issuer.example", audience: "x", jwksUri: "http://169.254.169.254/jwks" } },
    refused("INVALID_ARGUMENT"),
  ),
  asks(
    "another organisation's issuer",
    "dev",
    method.putIssuer,
    ({ otherIssuer: { issuer, audience, jwksUri } }) => ({ issuer: { issuer, audience, jwksUri } }),
    refused("ALREADY_EXISTS"),
  ),
  asks(
    "a signing key under another organisation's id",
    "dev",
    method.putSigningKey,
    ({ signing }) => submissionKey(signing.otherSubmission.keyId),
    refused("ALREADY_EXISTS"),
  ),
  asks(
    "another signing key under an id of one's own",
    "dev",
    method.putSigningKey,
    ({ signing }) => submissionKey(signing.kernel.keyId),
    refused("ALREADY_EXISTS"),
  ),
  asks("a signing key that is too short", "dev", method.putSigningKey, submissionKey("short", "AAAA"), refused("INVALID_ARGUMENT")),
  asks(
    "an end of another organisation's signing key",
    "dev",
    method.revokeSigningKey,
    ({ signing }) => ({ keyId: signing.otherSubmission.keyId }),
    refused("NOT_FOUND"),
  ),
  asks("a subscriber inside the network", "dev", method.putSubscriber, { url: "https://169.254.169.254/latest/meta-data" }, refused("INVALID_ARGUMENT")),
  asks("a subscriber that is no address of the web", "dev", method.putSubscriber, { url: "file:///etc/passwd" }, refused("INVALID_ARGUMENT")),
  asks("a subscriber's address with a password in it", "dev", method.putSubscriber, { url: "https://a:b@example.com/" }, refused("INVALID_ARGUMENT")),
]);
