/** Signals of the We-layer behind tokens that do not hold, and decisions that are nobody's. */
import type { JsonObject } from "@bufbuild/protobuf";
import { http, refusedHttp, type Answer } from "../answers.ts";
import { grouped, type GroupedCase } from "../case.ts";
import { nowS } from "../issuer.ts";
import { dispositionToken, tampered, unsigned, type DecisionIds, type TokenKey } from "../tokens.ts";
import { REFUSED_BY_SESSION, TOKEN_REMEMBERED } from "../traces.ts";
import type { AbuseWorld } from "../world.ts";

type Fields = { readonly [name: string]: unknown };

const NOWHERE: DecisionIds = { dispositionEventId: "DSP-00000000000000000000000001", elucidationArtifactId: "ELC-00000000000000000000000001" };
/** Of a token whose issuer gives its own ids. */
const JTI = "token-of-the-abuse-table";

/** A signal that goes with what is on record: it would approve the session that waits. */
const commissioning = ({ onRecord, sessions: { waiting } }: AbuseWorld, change: Fields = {}): Fields => ({
  signalType: "CommissioningSignal",
  ...onRecord,
  issuedAt: "2026-08-04T12:00:00.000Z",
  assemblyId: "main",
  sessionId: waiting.sessionId,
  reviewId: waiting.review.reviewId,
  actionDigest: waiting.review.actionDigest,
  ...change,
});

/** An order of two people that goes with what is on record. */
const override = ({ onRecord }: AbuseWorld, change: Fields = {}): Fields => ({
  signalType: "OverrideSignal",
  ...onRecord,
  issuedAt: "2026-08-04T12:00:00.000Z",
  assemblyId: "main",
  directive: "force-suspend",
  note: "Costs run away.",
  approvers: ["ada", "grace"],
  ...change,
});

const token = (world: AbuseWorld, claims: Fields = {}, header: Fields = {}, key: TokenKey = world.bridge): Promise<string> =>
  dispositionToken(key, world.org, world.onRecord, claims, header);

/** Sends a signal behind a token. */
const signal = (
  name: string,
  make: (world: AbuseWorld) => Promise<string> | string | null,
  body: (world: AbuseWorld) => unknown,
  expected: Answer,
  more: Partial<GroupedCase> = {},
): GroupedCase => ({
  name,
  call: async (world) => {
    const made = await make(world);
    return world.door.post("/signals", body(world), made === null ? null : `Bearer ${made}`);
  },
  expected,
  ...more,
});

/** A good signal behind a token that is not. */
const badToken = (name: string, make: (world: AbuseWorld) => Promise<string> | string | null): GroupedCase =>
  signal(name, make, commissioning, refusedHttp("UNAUTHENTICATED"));

const hmacOf = ({ signing }: AbuseWorld, name: "dispositionHmac" | "otherDisposition" | "kernel"): TokenKey => {
  const key = signing[name];
  if (!("secret" in key)) throw new TypeError(`${name} is no HMAC key.`);
  return { kid: key.keyId, alg: "HS256", key: Buffer.from(key.secret, "base64") };
};

/** The bridge's public key as if it were a secret. */
const confused = (world: AbuseWorld): Promise<string> =>
  token(world, {}, {}, { kid: world.bridge.kid, alg: "HS256", key: Buffer.from(world.bridge.publicKey, "base64url") });

const TOKENS: readonly GroupedCase[] = [
  badToken("a signal without a token", () => null),
  badToken("a signal behind an API key", ({ keys }) => keys.dev.replace("Bearer ", "")),
  badToken("a signal behind a producer's token", ({ producer }) => producer.waiting),
  badToken("a signal behind a token without a signature", async (world) => unsigned(await token(world))),
  badToken("a signal behind a token that was changed", async (world) => tampered(await token(world), { sub: "grace" })),
  badToken("a signal behind a token of another key under the bridge's name", (world) =>
    token(world, {}, { kid: world.bridge.kid }, hmacOf(world, "dispositionHmac")),
  ),
  badToken("a signal behind a token whose HS256 has the bridge's public key as its secret", confused),
  badToken("a signal behind a token of a key that nobody registered", (world) => token(world, {}, { kid: "disposition-nobody" })),
  badToken("a signal behind a token without a key id", (world) => token(world, {}, { kid: undefined })),
  badToken("a signal behind a token of a key for kernels", (world) => token(world, {}, {}, hmacOf(world, "kernel"))),
  badToken("a signal behind a token of another organisation's key", (world) => token(world, {}, {}, hmacOf(world, "otherDisposition"))),
  badToken("a signal behind a token for another organisation", (world) => token(world, { org: "acme" })),
  badToken("a signal behind a token for another audience", (world) => token(world, { aud: "factory-producer" })),
  badToken("a signal behind a token for two audiences", (world) => token(world, { aud: ["factory-signals", "elsewhere"] })),
  badToken("a signal behind a token of another issuer", (world) => token(world, { iss: "somebody" })),
  badToken("a signal behind a token of another type", (world) => token(world, {}, { typ: "JWT" })),
  badToken("a signal behind a token that has expired", (world) => token(world, { iat: nowS() - 301, exp: nowS() - 1 })),
  badToken("a signal behind a token of the future", (world) => token(world, { iat: nowS() + 60, exp: nowS() + 120 })),
  badToken("a signal behind a token that lives too long", (world) => token(world, { exp: nowS() + 3_600 })),
  badToken("a signal behind a token without an id", (world) => token(world, { jti: undefined })),
  badToken("a signal behind a token with a scope that nobody knows", (world) => token(world, { scope: ["signal:everything"] })),
  badToken("a signal behind a token without a scope", (world) => token(world, { scope: [] })),
];

const good = (world: AbuseWorld): Promise<string> => token(world);

const BODIES: readonly GroupedCase[] = [
  signal("a signal that its token's scope is not for", (world) => token(world, { scope: ["signal:resume"] }), commissioning, refusedHttp("PERMISSION_DENIED")),
  signal(
    "a signal for another decision than its token's",
    good,
    (world) => commissioning(world, { dispositionEventId: world.sessions.decided.ids.dispositionEventId }),
    refusedHttp("SIGNAL_MISMATCH"),
  ),
  signal(
    "a signal for another elucidation than its token's",
    good,
    (world) => commissioning(world, { elucidationArtifactId: world.sessions.decided.ids.elucidationArtifactId }),
    refusedHttp("SIGNAL_MISMATCH"),
  ),
  signal(
    "a signal whose ids are swapped with those of another decision, in token and body",
    ({ bridge, org, onRecord, sessions }) => dispositionToken(bridge, org, { ...onRecord, elucidationArtifactId: sessions.decided.ids.elucidationArtifactId }),
    (world) => commissioning(world, { elucidationArtifactId: world.sessions.decided.ids.elucidationArtifactId }),
    refusedHttp("ELUCIDATION_UNKNOWN"),
  ),
  signal(
    "a signal for a decision that nobody has made",
    ({ bridge, org }) => dispositionToken(bridge, org, NOWHERE),
    (world) => commissioning(world, NOWHERE),
    refusedHttp("ELUCIDATION_UNKNOWN"),
  ),
  signal(
    "a signal with the elucidation of another assembly",
    ({ bridge, org, onRecord, shopElucidationId }) => dispositionToken(bridge, org, { ...onRecord, elucidationArtifactId: shopElucidationId }),
    (world) => commissioning(world, { elucidationArtifactId: world.shopElucidationId }),
    refusedHttp("ELUCIDATION_UNKNOWN"),
  ),
  signal(
    "a signal with the decision of another assembly",
    good,
    (world) => commissioning(world, { assemblyId: "shop", sessionId: world.sessions.shop.sessionId, reviewId: world.sessions.shop.review.reviewId }),
    refusedHttp("ELUCIDATION_UNKNOWN"),
  ),
  signal(
    "a signal of another organisation with this one's decision",
    (world) => dispositionToken(hmacOf(world, "otherDisposition"), "acme", world.onRecord, { iss: "disposition-other" }),
    (world) => commissioning(world, { sessionId: world.sessions.foreign.sessionId, reviewId: world.sessions.foreign.review.reviewId }),
    refusedHttp("ELUCIDATION_UNKNOWN"),
  ),
  signal(
    "a signal of another organisation for this one's session",
    (world) => dispositionToken(hmacOf(world, "otherDisposition"), "acme", world.onRecord, { iss: "disposition-other" }),
    commissioning,
    refusedHttp("NOT_FOUND"),
  ),
  signal(
    "a signal for a session of another assembly",
    good,
    (world) => commissioning(world, { sessionId: world.sessions.shop.sessionId }),
    refusedHttp("NOT_FOUND"),
  ),
  signal("a signal for an assembly that there is not", good, (world) => override(world, { targetAssemblyId: "nowhere" }), refusedHttp("NOT_FOUND")),
  signal("a signal with a field that nobody knows", good, (world) => commissioning(world, { force: true }), refusedHttp("INVALID_ARGUMENT")),
  signal("a signal of a type that nobody knows", good, (world) => commissioning(world, { signalType: "EverythingSignal" }), refusedHttp("INVALID_ARGUMENT")),
  signal("a signal that is no JSON", good, () => "{", refusedHttp("INVALID_ARGUMENT")),
  signal("an override by one person", good, (world) => override(world, { approvers: ["ada"] }), refusedHttp("INVALID_ARGUMENT")),
  signal("an override by the same person twice", good, (world) => override(world, { approvers: ["ada", "ada"] }), refusedHttp("INVALID_ARGUMENT")),
  signal("an override by two people who are not the token's", good, (world) => override(world, { approvers: ["bo", "cy"] }), refusedHttp("INVALID_ARGUMENT")),
  signal("an emergency patch of no review", good, (world) => override(world, { directive: "emergency-patch" }), refusedHttp("INVALID_ARGUMENT")),
  signal("an order to go on where nothing is suspended", good, (world) => override(world, { directive: "force-resume" }), refusedHttp("FAILED_PRECONDITION")),
];

/** A token for the decision that was signalled, and exactly that signal. */
const decidedToken = ({ bridge, org, sessions }: AbuseWorld): Promise<string> => dispositionToken(bridge, org, sessions.decided.ids, { jti: JTI });
const decidedSignal = ({ sessions: { decided } }: AbuseWorld, change: Fields = {}): JsonObject => ({ ...decided.signal, ...change }) as JsonObject;

const REPLAYS: readonly GroupedCase[] = [
  signal("the same signal again is answered from the record", decidedToken, decidedSignal, http(202, "OK"), { leaves: TOKEN_REMEMBERED }),
  signal("a token again, for another signal", decidedToken, (world) => decidedSignal(world, { note: "And more." }), refusedHttp("TOKEN_REPLAYED")),
  {
    name: "a token again, for another decision",
    call: async (world) => world.door.post("/signals", commissioning(world), `Bearer ${await token(world, { jti: JTI })}`),
    expected: refusedHttp("TOKEN_REPLAYED"),
  },
  signal(
    "a decision again with another content behind a fresh token",
    ({ bridge, org, sessions }) => dispositionToken(bridge, org, sessions.decided.ids),
    (world) => decidedSignal(world, { note: "And more." }),
    refusedHttp("ALREADY_EXISTS"),
  ),
  signal(
    "a signal of the wrong kind for the review: the session refuses it",
    good,
    (world) => commissioning(world, { signalType: "ResumeSignal" }),
    http(202, "OK"),
    { leaves: REFUSED_BY_SESSION },
  ),
];

/** Signals. */
export const SIGNAL_CASES = grouped("signals", [...TOKENS, ...BODIES, ...REPLAYS]);
