import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { create, toJsonString } from "@bufbuild/protobuf";
import { SubmitSessionRequestSchema } from "@factory/schemas/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anEnvelope, anOrder, signed } from "./testing/builders.ts";
import { edgeContract } from "./testing/edge-contract.ts";
import { startEdge, type Edge } from "./testing/edge.ts";

edgeContract("the edge with its neighbours' doubles", async () => ({ ...(await startEdge()), order: anOrder() }));

// The same contract against a platform that runs already: its address, its key file, and an order that it completes.
const { FACTORY_E2E_URL: url, FACTORY_E2E_KEY: keyFile, FACTORY_E2E_ORDER: orderFile } = process.env;
if (url !== undefined && keyFile !== undefined && orderFile !== undefined) {
  const key = JSON.parse(readFileSync(keyFile, "utf8")) as { org: string; apiKey: string; envelopeKeyId: string; envelopeSecret: string };
  const signingKey = { keyId: key.envelopeKeyId, algorithm: "HMAC-SHA256", secret: key.envelopeSecret } as const;
  edgeContract(`the platform at ${url}`, async () => ({
    url,
    credentials: { org: key.org, apiKey: key.apiKey, signingKey },
    order: readFileSync(orderFile, "utf8"),
    stop: () => Promise.resolve(),
  }));
}

describe("a client that breaks off", () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge?.stop());

  it("ends its subscription of the log", async () => {
    const envelope = await signed(anEnvelope({ payload: { workOrder: anOrder({ title: "Hold on" }), files: [], config: {} } }), edge.credentials.signingKey);
    const body = toJsonString(SubmitSessionRequestSchema, create(SubmitSessionRequestSchema, { envelope }));
    const sessionId = await openAndReset(edge, body);
    expect(await edge.whenUnsubscribed(sessionId)).toBe(0);
  });
});

/** Submits over a bare socket, waits for the first event, and resets the connection. */
function openAndReset({ url, credentials }: Edge, body: string): Promise<string> {
  const { hostname, port, host } = new URL(url);
  const data = Buffer.from(body);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(data.length, 1);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = "";
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      const sessionId = /^factory-session-id: (\S+)/im.exec(received)?.[1];
      if (sessionId === undefined || !received.includes("SESSION_SUBMITTED")) return;
      socket.resetAndDestroy();
      resolve(sessionId);
    });
    socket.write(
      [
        "POST /factory.v1.FactoryGateway/SubmitSession HTTP/1.1",
        `Host: ${host}`,
        "Content-Type: application/connect+json",
        `Authorization: Bearer ${credentials.apiKey}`,
        `Content-Length: ${data.length + prefix.length}`,
        "",
        "",
      ].join("\r\n"),
    );
    socket.write(prefix);
    socket.write(data);
  });
}
