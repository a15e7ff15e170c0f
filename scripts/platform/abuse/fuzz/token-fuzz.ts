/** Credentials of every kind that are almost good. */
import { FactoryAdmin, FactoryProducer } from "@factory/schemas/proto";
import * as fc from "fast-check";
import { refused, refusedHttp, TAKEN, type Answer } from "../answers.ts";
import { SUBJECTS } from "../people.ts";
import { dispositionToken } from "../tokens.ts";
import { bare, type AbuseWorld } from "../world.ts";
import { Tally, tries } from "./judge.ts";
import { mutatedText } from "./mutations.ts";
import type { Fuzz, FuzzReport } from "./report.ts";

const RUNS = 500;

/** A credential, a door it opens, and what is said there to who comes with it and nothing else. */
type Kind = { readonly base: string; readonly try: (header: string) => Promise<Answer>; readonly admitted: Answer };

async function kindsOf({ door, issuer, keys, producer, bridge, org, onRecord, sessions }: AbuseWorld): Promise<readonly Kind[]> {
  const whoAmI = (header: string): Promise<Answer> => door.connect(FactoryAdmin.method.whoAmI, {}, header);
  const { sessionId } = sessions.shop;
  return [
    { base: bare(keys.dev), try: whoAmI, admitted: TAKEN },
    { base: await issuer.token(SUBJECTS.ann), try: whoAmI, admitted: TAKEN },
    // An append of nothing and a signal that is none are refused, but only behind the door.
    {
      base: producer.shop,
      try: (header) => door.connect(FactoryProducer.method.appendEvents, { sessionId, events: [] }, header),
      admitted: refused("INVALID_ARGUMENT"),
    },
    { base: await dispositionToken(bridge, org, onRecord), try: (header) => door.post("/signals", "{", header), admitted: refusedHttp("INVALID_ARGUMENT") },
  ];
}

async function run(world: AbuseWorld): Promise<FuzzReport> {
  const tally = new Tally();
  let good = 0;
  const kinds = await kindsOf(world);
  const inputs = fc.oneof(...kinds.map((kind) => mutatedText(kind.base).map((text) => ({ kind, text: sendable(text) }))));
  await tries(RUNS, inputs, async ({ kind, text }) => {
    const { at, code } = tally.take(await kind.try(`Bearer ${text}`));
    const admitted = at === kind.admitted.at && code === kind.admitted.code;
    if (admitted) good += 1;
    if (admitted && !isSame(text, kind.base)) throw new Error(`A credential that was changed was let in: ${text}`);
    if (!admitted && text === kind.base) throw new Error(`A good credential was answered ${at} ${code}.`);
  });
  return { tally, good, leaves: {} };
}

/** What a header can hold. */
const sendable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, "~");

/** The same credential, though perhaps not the same text: blanks around it, and bits of base64url that count for nothing. */
function isSame(text: string, base: string): boolean {
  const meaning = (token: string): string =>
    token.split(".").length === 3
      ? token
          .split(".")
          .map((part) => Buffer.from(part, "base64url").toString("hex"))
          .join(".")
      : token;
  return meaning(text.trim()) === meaning(base);
}

/** Tokens. */
export const TOKEN_FUZZ: Fuzz = { name: "API keys, JWTs, producers' tokens and disposition tokens", run };
