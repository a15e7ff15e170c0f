/**
 * What a made-up call may bring about, by method. A method that is not here changes nothing, whatever it answers. One that is here may
 * be taken where its message is one that a person could have sent, and then moves these tables.
 */
import { MEMBER_PATTERN, MEMBER_ROLES, ORG_PATTERN } from "@factory/schemas";
import { FactoryAdmin } from "@factory/schemas/proto";
import { SIGNING_USES } from "@factory/schemas/rpc";
import type { DescMethod } from "@bufbuild/protobuf";
import { z } from "zod";

/** What has to hold of a message that is taken, in its JSON form, and what it moves. */
type Acceptable = { readonly message: z.ZodType; readonly moves: readonly RegExp[] };

const DIRECTORY = [/-OrgDirectoryDO\//, /^kv\/.*#_mf_entries\/(api-key|org|member|oidc-issuer|envelope-key)\//];
const BEADS = [/-BeadGraphDO\//];
const SUBSCRIBERS = [/-SignalDeskDO\/.*#subscribers$/];

const name = z.string().min(1).max(200);
const member = z.string().regex(MEMBER_PATTERN);
const keyId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{2,127}$/);
const subject = z.string().min(1).max(300);
const material = z.union([z.looseObject({ secret: z.string().min(40) }), z.looseObject({ publicKey: z.string().min(40) })]);
const signingKey = z.looseObject({ keyId, uses: z.array(z.enum(SIGNING_USES)).min(1) }).and(material);
const loopbackOrTls = z.string().regex(/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/])/);

const { method } = FactoryAdmin;

const ACCEPTABLE: readonly (readonly [DescMethod, Acceptable])[] = [
  [method.createOrg, { message: z.looseObject({ org: z.string().regex(ORG_PATTERN), name, adminMemberId: member, adminName: name }), moves: DIRECTORY }],
  [method.putMember, { message: z.looseObject({ memberId: member, name, roles: z.array(z.enum(MEMBER_ROLES)).min(1) }), moves: DIRECTORY }],
  [method.removeMember, { message: z.looseObject({ memberId: member }), moves: DIRECTORY }],
  [method.issueKey, { message: z.looseObject({ label: name, scopes: z.array(z.string().regex(/^[a-z]+(:[a-z-]+)?$/)).optional() }), moves: DIRECTORY }],
  [method.putSigningKey, { message: z.looseObject({ key: signingKey }), moves: DIRECTORY }],
  [method.rotateSigningKey, { message: z.looseObject({ keyId, successor: signingKey }), moves: DIRECTORY }],
  [
    method.putIssuer,
    { message: z.looseObject({ issuer: z.looseObject({ issuer: loopbackOrTls, audience: name, jwksUri: loopbackOrTls }) }), moves: DIRECTORY },
  ],
  [method.removeIssuer, { message: z.looseObject({ issuer: loopbackOrTls }), moves: DIRECTORY }],
  [method.setTrust, { message: z.looseObject({ subjectId: subject, score: z.number().min(0).max(1), rationale: z.string().min(1) }), moves: BEADS }],
  [method.revokeTrust, { message: z.looseObject({ subjectId: subject, rationale: z.string().min(1) }), moves: BEADS }],
  [method.setConsent, { message: z.looseObject({ role: subject }), moves: BEADS }],
  [method.revokeConsent, { message: z.looseObject({ role: subject }), moves: BEADS }],
  [method.applyPolicy, { message: z.looseObject({ policy: z.looseObject({}) }), moves: BEADS }],
  [method.reproject, { message: z.looseObject({ sessionId: z.string().regex(/^SES-/) }), moves: [/^d1\//] }],
  [method.putSubscriber, { message: z.looseObject({ url: loopbackOrTls }), moves: SUBSCRIBERS }],
  // To remove what nobody added is taken, and changes nothing.
  [method.removeSubscriber, { message: z.looseObject({ url: z.string() }), moves: SUBSCRIBERS }],
  [method.getKnowingState, { message: z.looseObject({ role: subject }), moves: [/^kv\/.*#_mf_entries\/knowing-state\//] }],
];

/** What a method may bring about; undefined for one that changes nothing. */
export function acceptable(asked: DescMethod): Acceptable | undefined {
  return ACCEPTABLE.find(([known]) => known === asked)?.[1];
}
