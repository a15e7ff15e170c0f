/** Callers who are not who they say, or may not what they ask. */
import { ulidId } from "@factory/schemas";
import { FactoryAdmin, FactoryDelivery, FactoryGateway, FactoryProducer, SessionEventKind } from "@factory/schemas/proto";
import { refused, type Answer } from "../answers.ts";
import { grouped, type GroupedCase } from "../case.ts";
import { nowS, strangersKey, type TokenChanges } from "../issuer.ts";
import { SUBJECTS } from "../people.ts";
import { envelopeFor, submission } from "../signing.ts";
import { dispositionToken, tampered } from "../tokens.ts";
import { EMPTY_SESSION, KEYS_READ_AGAIN } from "../traces.ts";
import { bare, orderText, type AbuseWorld } from "../world.ts";

const { whoAmI, issueProducerToken, putMember, setTrust } = FactoryAdmin.method;
const { submitSession, cancelSession, acknowledgeReview } = FactoryGateway.method;

/** A header, and what it is answered where everybody with a credential is let in. */
const credential = (name: string, header: (world: AbuseWorld) => string | null, expected: Answer = refused("UNAUTHENTICATED")): GroupedCase => ({
  name,
  call: (world) => world.door.connect(whoAmI, {}, header(world)),
  expected,
});

const KEYS: readonly GroupedCase[] = [
  credential("no credential", () => null),
  credential("a credential that is no key and no token", () => "Bearer not-a-credential"),
  credential("a key behind another scheme than Bearer", ({ keys }) => keys.dev.replace("Bearer", "Basic")),
  credential("a key that was never issued", ({ org }) => `Bearer fk_${org}_${"A".repeat(43)}`),
  credential("a key with its last character cut off", ({ keys }) => keys.dev.slice(0, -1)),
  credential("another organisation's name on a key", ({ keys, org }) => keys.otherAdmin.replace("fk_acme_", `fk_${org}_`)),
  credential("a key that was revoked", ({ keys }) => keys.revoked),
  credential("a key that was rotated out", ({ keys }) => keys.rotatedOut),
  credential("a key that has expired", ({ keys }) => keys.expired),
  credential("a key of a member who was removed", ({ keys }) => keys.rolf),
  credential("a producer's token as a credential", ({ producer }) => `Bearer ${producer.waiting}`),
  {
    name: "a disposition token as a credential",
    call: async ({ door, bridge, org, onRecord }) => door.connect(whoAmI, {}, `Bearer ${await dispositionToken(bridge, org, onRecord)}`),
    expected: refused("UNAUTHENTICATED"),
  },
];

/** Ann's token with something wrong. */
const annsToken = (name: string, changes: (world: AbuseWorld) => TokenChanges | Promise<TokenChanges>, more: Partial<GroupedCase> = {}): GroupedCase => ({
  name,
  call: async (world) => world.door.connect(whoAmI, {}, `Bearer ${await world.issuer.token(SUBJECTS.ann, await changes(world))}`),
  expected: refused("UNAUTHENTICATED"),
  ...more,
});

const TOKENS: readonly GroupedCase[] = [
  {
    name: "a JWT with `alg` none",
    call: ({ door, issuer }) => door.connect(whoAmI, {}, `Bearer ${issuer.unsignedToken(SUBJECTS.ann)}`),
    expected: refused("UNAUTHENTICATED"),
  },
  {
    name: "a JWT whose HS256 has the issuer's public key as its secret",
    call: async ({ door, issuer }) => door.connect(whoAmI, {}, `Bearer ${await issuer.confusedToken(SUBJECTS.ann)}`),
    expected: refused("UNAUTHENTICATED"),
  },
  annsToken("a JWT for another audience", () => ({ claims: { aud: "somebody-else" } })),
  annsToken("a JWT of an issuer that nobody registered", () => ({ claims: { iss: "https://issuer.invalid" } })),
  annsToken("a JWT that says it is of another issuer than its key", ({ otherIssuer }) => ({ claims: { iss: otherIssuer.issuer } })),
  annsToken("a JWT that expired two minutes ago", () => ({ claims: { iat: nowS() - 400, exp: nowS() - 120 } })),
  annsToken("a JWT that begins to count in two minutes", () => ({ claims: { nbf: nowS() + 120 } })),
  annsToken("a JWT that was issued in the future", () => ({ claims: { iat: nowS() + 120, exp: nowS() + 400 } })),
  annsToken("a JWT that never expires", () => ({ claims: { exp: undefined } })),
  annsToken("a JWT of nobody", () => ({ claims: { sub: undefined } })),
  annsToken("a JWT of a type that is not for signing in", () => ({ header: { typ: "factory-disposition+jwt" } })),
  annsToken("a JWT whose key the issuer does not have", () => ({ header: { kid: "issuer-key-2" } }), { leaves: KEYS_READ_AGAIN }),
  annsToken("a JWT that was signed with a stranger's key", async () => ({ key: (await strangersKey()).privateKey })),
  annsToken("a JWT that brings its own key along", async () => {
    const { privateKey, jwk } = await strangersKey();
    return { key: privateKey, header: { kid: undefined, jwk } };
  }),
  {
    name: "a JWT whose subject was changed after it was signed",
    call: async ({ door, issuer }) => door.connect(whoAmI, {}, `Bearer ${tampered(await issuer.token(SUBJECTS.nobody), { sub: SUBJECTS.ann })}`),
    expected: refused("UNAUTHENTICATED"),
  },
  {
    name: "a good JWT of somebody who is no member",
    call: async ({ door, issuer }) => door.connect(whoAmI, {}, `Bearer ${await issuer.token(SUBJECTS.nobody)}`),
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "a good JWT of a member of another organisation, at this one's issuer",
    call: async ({ door, issuer }) => door.connect(whoAmI, {}, `Bearer ${await issuer.token(SUBJECTS.other)}`),
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "a JWT of one organisation for a session of another",
    call: async ({ door, otherIssuer, sessions }) =>
      door.connect(cancelSession, { sessionId: sessions.waiting.sessionId, reason: "abuse" }, `Bearer ${await otherIssuer.token(SUBJECTS.other)}`),
    expected: refused("NOT_FOUND"),
    leaves: EMPTY_SESSION,
  },
];

const order = async ({ signing }: AbuseWorld) => submission(envelopeFor(orderText("Nobody's")), signing.submission);
const approval = ({ sessions: { waiting } }: AbuseWorld) => ({
  sessionId: waiting.sessionId,
  reviewId: waiting.review.reviewId,
  actionDigest: waiting.review.actionDigest,
  decision: "approved",
  note: "",
});

const POWERS: readonly GroupedCase[] = [
  {
    name: "an order from a key that may only read",
    call: async (world) => world.door.connect(submitSession, await order(world), world.keys.reader),
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "an order from a viewer",
    call: async (world) => world.door.connect(submitSession, await order(world), world.keys.vera),
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "an order from an approver, who is no operator",
    call: async (world) => world.door.connect(submitSession, await order(world), world.keys.ann),
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "an order from an operator who has become a viewer, by a key of before",
    call: async (world) => world.door.connect(submitSession, await order(world), world.keys.dora),
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "an end of a session by a key that may only submit",
    call: ({ door, keys, sessions }) => door.connect(cancelSession, { sessionId: sessions.waiting.sessionId, reason: "abuse" }, keys.submitter),
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "an approval by an operator, who is no approver",
    call: (world) => world.door.connect(acknowledgeReview, approval(world), world.keys.otto),
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "an approval by a machine that may administer",
    call: (world) => world.door.connect(acknowledgeReview, approval(world), world.keys.registrar),
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "a reading by a key that may only decide",
    call: ({ door, keys, sessions }) => door.connect(FactoryDelivery.method.getEvidence, { sessionId: sessions.completed.sessionId }, keys.annDecides),
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "a new member by an approver",
    call: ({ door, keys }) => door.connect(putMember, { memberId: "mallory", name: "Mallory", roles: ["admin"] }, keys.ben),
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "trust in an agent by an operator",
    call: ({ door, keys }) => door.connect(setTrust, { subjectId: "agent:coder", score: 1, rationale: "abuse" }, keys.otto),
    expected: refused("PERMISSION_DENIED"),
  },
];

const event = () => ({
  eventId: ulidId("EVT"),
  kind: SessionEventKind.MODEL_CALLED,
  payload: {
    case: "modelCall" as const,
    value: { alias: "a", provider: "p", modelId: "m", purpose: "abuse", promptHash: "h", durationMs: 1, outcome: "ok" },
  },
});
const appends = (name: string, session: "waiting" | "shop" | "completed", header: (world: AbuseWorld) => string, expected: Answer): GroupedCase => ({
  name,
  call: (world) =>
    world.door.connect(FactoryProducer.method.appendEvents, { sessionId: world.sessions[session].sessionId, events: [event()] }, `Bearer ${header(world)}`),
  expected,
});

const PRODUCERS: readonly GroupedCase[] = [
  appends("an API key as a producer's token", "waiting", ({ keys }) => bare(keys.dev), refused("UNAUTHENTICATED")),
  appends(
    "a producer's token that was changed",
    "waiting",
    ({ producer, sessions }) => tampered(producer.shop, { sid: sessions.waiting.sessionId }),
    refused("UNAUTHENTICATED"),
  ),
  appends("a producer's token for another session", "waiting", ({ producer }) => producer.shop, refused("PERMISSION_DENIED")),
  {
    name: "a producer that tells what only the factory decides",
    call: ({ door, producer, sessions }) => {
      const ended = { ...event(), kind: SessionEventKind.SESSION_COMPLETED };
      return door.connect(FactoryProducer.method.appendEvents, { sessionId: sessions.waiting.sessionId, events: [ended] }, `Bearer ${producer.waiting}`);
    },
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "a producer on a stream that its token does not name",
    call: ({ door, producer, sessions }) => {
      const bead = { eventId: ulidId("EVT"), kind: SessionEventKind.BEAD_FAILED, payload: { case: "bead" as const, value: { beadId: "BEAD-1" } } };
      return door.connect(FactoryProducer.method.appendEvents, { sessionId: sessions.waiting.sessionId, events: [bead] }, `Bearer ${producer.waiting}`);
    },
    expected: refused("PERMISSION_DENIED"),
  },
  {
    name: "a producer's token for a session that has ended",
    call: ({ door, keys, sessions }) =>
      door.connect(issueProducerToken, { sessionId: sessions.completed.sessionId, streams: ["sessionEvents"], ttlSeconds: 60, producer: "late" }, keys.dev),
    expected: refused("FAILED_PRECONDITION"),
  },
];

/** Credentials. */
export const CREDENTIAL_CASES = grouped("credentials", [...KEYS, ...TOKENS, ...POWERS, ...PRODUCERS]);
