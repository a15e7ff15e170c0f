/** Bodies of `/signals`, `/escalations`, `/vcrs` and `/graphql` behind whatever they need to be read. */
import { canonicalJson } from "@factory/schemas";
import { kernelMessage as kernelDocument } from "@factory/governance";
import * as fc from "fast-check";
import { jsonOf } from "../answers.ts";
import { anEscalation, base64, hmacSignature, kernelMessage } from "../signing.ts";
import { dispositionToken } from "../tokens.ts";
import { TOKEN_REMEMBERED } from "../traces.ts";
import type { AbuseWorld } from "../world.ts";
import { Tally, tries } from "./judge.ts";
import { junkValue, mutatedJson, mutatedText } from "./mutations.ts";
import { EMPTY_SESSIONS, type Fuzz, type FuzzReport } from "./report.ts";

const RUNS = 150;

type Document = { readonly [field: string]: unknown };

/** Signals behind a token that holds: the good one orders work to go on that is not suspended, and is refused for that alone. */
async function runSignals(world: AbuseWorld): Promise<FuzzReport> {
  const { door, bridge, org, onRecord } = world;
  const tally = new Tally();
  const base = {
    signalType: "OverrideSignal",
    ...onRecord,
    issuedAt: "2026-08-04T12:00:00.000Z",
    assemblyId: "main",
    directive: "force-resume",
    note: "Go on.",
    approvers: ["ada", "grace"],
  };
  const token = await dispositionToken(bridge, org, onRecord);
  const bodies = fc.oneof(
    mutatedJson(base).map((value) => JSON.stringify(value)),
    mutatedText(JSON.stringify(base)),
    junkValue.map((value) => JSON.stringify(value)),
  );
  await tries(RUNS, bodies, async (body) => {
    const { at, code } = tally.take(await door.post("/signals", body, `Bearer ${token}`));
    if (at === "202") throw new Error(`A signal was taken that changes something: ${code}`);
  });
  return { tally, good: tally.of((name) => ["FAILED_PRECONDITION", "ALREADY_EXISTS"].some((code) => name.endsWith(code))), leaves: TOKEN_REMEMBERED };
}

/** Messages that were changed before a kernel signed them; under an envelope that was used, none says anything new. */
async function runMessages(world: AbuseWorld): Promise<FuzzReport> {
  const { door, org, signing } = world;
  const tally = new Tally();
  const envelopeId = `env_${crypto.randomUUID()}`;
  const first = await kernelMessage(anEscalation(), org, signing.kernel, { envelopeId });
  const base = JSON.parse(Buffer.from(first.payload, "base64").toString("utf8")) as Document;
  const sent = async (path: string, document: Document): Promise<string> => {
    const fresh = document["signed_at"] === base["signed_at"] ? { signed_at: new Date().toISOString() } : {};
    const payload = Buffer.from(textOf({ ...document, ...fresh }));
    const body = { payload: base64(payload), signature: { algorithm: "HMAC-SHA256", value: base64(hmacSignature(signing.kernel, payload)) } };
    return tally.take(await door.post(path, body)).at;
  };
  await sent("/escalations", base);
  const inputs = fc.tuple(fc.constantFrom("/escalations", "/escalations", "/vcrs"), mutatedJson(base));
  await tries(RUNS, inputs, async ([path, document]) => {
    if ((await sent(path, document)) === "202" && !kernelDocument.safeParse(document).success) throw new Error("A message was taken that is none.");
  });
  const shells = fc.oneof(junkValue, fc.record({ payload: junkValue, signature: junkValue }), mutatedJson({ ...first }));
  await tries(RUNS, fc.tuple(fc.constantFrom("/escalations", "/vcrs", "/signals"), shells), async ([path, body]) => {
    if (tally.take(await door.post(path, JSON.stringify(body))).at === "202" && jsonOf(JSON.stringify(body)) === undefined)
      throw new Error("What is no JSON was taken.");
  });
  return { tally, good: tally.of((name) => name.startsWith("202 ")), leaves: { tables: MESSAGE_TAKEN } };
}

/** The first message is a good one, and is kept. */
const MESSAGE_TAKEN = [/-SignalDeskDO\/[0-9a-f]+\.sqlite#(messages|told|sqlite_sequence\/(messages|outbox_effects))$/];

const QUERY = `query ($id: ID!) { session(id: $id) { id outcome } sessions(first: 3) { nodes { id } } }`;

/** Operations that are almost good. */
async function runQueries(world: AbuseWorld): Promise<FuzzReport> {
  const { door, keys, sessions } = world;
  const tally = new Tally();
  const good = { query: QUERY, variables: { id: sessions.completed.sessionId } };
  const bodies = fc.oneof(
    mutatedText(QUERY).map((query) => JSON.stringify({ ...good, query })),
    mutatedJson(good).map((value) => JSON.stringify(value)),
    mutatedText(JSON.stringify(good)),
  );
  await tries(RUNS, bodies, async (body) => void tally.take(await door.post("/graphql", body, keys.dev)));
  return { tally, good: tally.of((name) => name === "200 OK"), leaves: EMPTY_SESSIONS };
}

function textOf(document: object): string {
  try {
    return canonicalJson(document);
  } catch {
    // What has no canonical form is sent as it is.
    return JSON.stringify(document);
  }
}

/** Plain routes. */
export const SIGNAL_FUZZ: readonly Fuzz[] = [
  { name: "signals behind a token that holds", run: runSignals },
  { name: "messages that a kernel has signed", run: runMessages },
  { name: "GraphQL operations", run: runQueries },
];
