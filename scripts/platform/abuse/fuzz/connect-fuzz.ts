/** Connect bodies of every method, in JSON and binary, behind credentials that hold. */
import { create, fromBinary, fromJsonString, toJson, type DescMethod } from "@bufbuild/protobuf";
import { FactoryAdmin, FactoryDelivery, FactoryGateway, FactoryProducer } from "@factory/schemas/proto";
import * as fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import { TAKEN } from "../answers.ts";
import { OTHER_ORG } from "../people.ts";
import type { AbuseWorld } from "../world.ts";
import { acceptable } from "./accepted.ts";
import { Tally, tries } from "./judge.ts";
import { bodiesFor, type FuzzBody } from "./messages.ts";
import { EMPTY_SESSIONS, type Fuzz, type FuzzReport } from "./report.ts";

const RUNS = 2_000;

/** Every method of the edge. */
const METHODS: readonly DescMethod[] = [FactoryGateway, FactoryDelivery, FactoryAdmin, FactoryProducer].flatMap(({ methods }) => methods);

/** Names of every kind of thing, and of nobody. */
const NAMES: readonly string[] = (
  "main shop agent:coder coder integrator verifier:outcome read_file approved rejected amended viewer operator admin session:read sessionEvents " +
  "submission kernel mallory 2099-01-01T00:00:00Z https://example.com/x"
).split(" ");

/** Words that mean something: sessions that have ended or are another organisation's, and what belongs to them. */
const wordsOf = ({ sessions, keyIds, signing, onRecord, issuer }: AbuseWorld): string[] => [
  ...NAMES,
  OTHER_ORG,
  sessions.completed.sessionId,
  sessions.decided.sessionId,
  sessions.decided.review.reviewId,
  sessions.decided.review.actionDigest,
  sessions.foreign.sessionId,
  keyIds.otherAdmin,
  signing.otherSubmission.keyId,
  onRecord.dispositionEventId,
  issuer.issuer,
];

async function run(world: AbuseWorld): Promise<FuzzReport> {
  const tally = new Tally();
  const moves: RegExp[] = [];
  let good = 0;
  const words = wordsOf(world);
  const calls = fc.oneof(...METHODS.map((method) => bodiesFor(method, words).map((body) => ({ method, body }))));
  await tries(RUNS, calls, async ({ method, body }) => {
    const credential = method.parent === FactoryProducer ? `Bearer ${world.producer.shop}` : world.keys.dev;
    const answer = tally.take(await world.door.connectBytes(method, body, credential));
    if (!isDeepStrictEqual(answer, TAKEN)) return;
    good += 1;
    const may = acceptable(method);
    if (may === undefined) return;
    moves.push(...may.moves);
    const parsed = may.message.safeParse(saidBy(method, body));
    if (!parsed.success) throw new Error(`${method.name} was taken, and should not have been: ${parsed.error.message}`);
  });
  return { tally, good, leaves: { ...EMPTY_SESSIONS, tables: moves } };
}

/** What a body says, in JSON, with every field. */
function saidBy({ input }: DescMethod, { binary, bytes }: FuzzBody): unknown {
  const message = binary ? fromBinary(input, bytes) : fromJsonString(input, new TextDecoder().decode(bytes) || "{}", { ignoreUnknownFields: true });
  return toJson(input, create(input, message), { alwaysEmitImplicit: true });
}

/** Connect bodies. */
export const CONNECT_FUZZ: Fuzz = { name: "Connect bodies of every method", run };
