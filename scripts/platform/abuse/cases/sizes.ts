/** More than anybody needs to send. */
import { gzipSync } from "node:zlib";
import { FactoryGateway, FactoryAdmin } from "@factory/schemas/proto";
import { connectAnswer, http, jsonOf, refused, refusedHttp, TAKEN } from "../answers.ts";
import { grouped } from "../case.ts";
import { procedureOf } from "../door.ts";
import { envelopeFor, submission } from "../signing.ts";
import { dispositionToken } from "../tokens.ts";
import { orderText } from "../world.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;
/** What the edge reads of a message at most is below that. */
const TOO_MUCH_BYTES = 13 * MIB;

/** Sizes. */
export const SIZE_CASES = grouped("sizes", [
  {
    name: "an order of more than 1 MiB",
    call: async ({ door, keys, signing }) => {
      const long = orderText("Long").replace("put together again", "x".repeat(MIB));
      return door.connect(FactoryGateway.method.submitSession, await submission(envelopeFor(long), signing.submission), keys.dev);
    },
    expected: refused("TOO_LARGE"),
  },
  {
    name: "files of more than 8 MiB together",
    call: async ({ door, keys, signing }) => {
      const files = ["a", "b", "c"].map((name) => ({ path: `${name}.txt`, content: name.repeat(2.8 * MIB) }));
      return door.connect(FactoryGateway.method.submitSession, await submission(envelopeFor(orderText("Heavy"), { files }), signing.submission), keys.dev);
    },
    expected: refused("TOO_LARGE"),
  },
  {
    name: "a message of 13 MiB",
    call: ({ door, keys, sessions }) =>
      door.connect(FactoryGateway.method.cancelSession, { sessionId: sessions.waiting.sessionId, reason: "x".repeat(TOO_MUCH_BYTES) }, keys.dev),
    expected: refused("TOO_LARGE"),
  },
  {
    name: "a message that is small until it is unpacked",
    call: async ({ door, keys, sessions }) => {
      const { cancelSession } = FactoryGateway.method;
      const body = gzipSync(JSON.stringify({ sessionId: sessions.waiting.sessionId, reason: "x".repeat(TOO_MUCH_BYTES) }));
      const headers = { "content-type": "application/json", "content-encoding": "gzip", authorization: keys.dev };
      const { status, text } = await door.send(procedureOf(cancelSession), { headers, body: Uint8Array.from(body) });
      return status === 200 ? TAKEN : connectAnswer(jsonOf(text));
    },
    expected: refused("TOO_LARGE"),
  },
  {
    name: "a reason of more than 16 384 characters",
    call: ({ door, keys, sessions }) =>
      door.connect(FactoryGateway.method.cancelSession, { sessionId: sessions.waiting.sessionId, reason: "x".repeat(16_385) }, keys.dev),
    expected: refused("TOO_LARGE"),
  },
  {
    name: "a name of a member of more than 200 characters",
    call: ({ door, keys }) => door.connect(FactoryAdmin.method.putMember, { memberId: "long", name: "x".repeat(201), roles: ["viewer"] }, keys.dev),
    expected: refused("INVALID_ARGUMENT"),
  },
  {
    name: "a GraphQL operation of more than 128 KiB",
    call: ({ door, keys }) => door.graphql(`{ session(id: "${"x".repeat(128 * KIB)}") { id } }`, {}, keys.dev),
    expected: refusedHttp("TOO_LARGE"),
  },
  {
    name: "a signal of more than 64 KiB",
    call: async ({ door, bridge, org, onRecord }) =>
      door.post("/signals", { ...onRecord, note: "x".repeat(64 * KIB) }, `Bearer ${await dispositionToken(bridge, org, onRecord)}`),
    expected: refusedHttp("TOO_LARGE"),
  },
  {
    name: "a message of a kernel of more than 96 KiB",
    call: ({ door }) => door.post("/escalations", { payload: "A".repeat(96 * KIB), signature: { algorithm: "HMAC-SHA256", value: "AAAA" } }),
    expected: refusedHttp("TOO_LARGE"),
  },
  {
    name: "a webhook of more than 1 MiB",
    call: ({ door, linear, sessions }) => linear.deliver(door, "ada", sessions.waiting.issue, "x".repeat(MIB)),
    expected: refusedHttp("TOO_LARGE"),
  },
  {
    name: "a signed webhook of more than 512 KiB",
    call: ({ door, linear, sessions }) => linear.deliver(door, "ada", sessions.waiting.issue, "x".repeat(512 * KIB)),
    expected: http(413, "error"),
  },
]);
