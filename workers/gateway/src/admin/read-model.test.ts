import { objectName, sessionIdOf } from "@factory/schemas";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { storeCredentials, type Credentials } from "../testing/builders.ts";
import { clientsOf, expectRefusal, put } from "../testing/clients.ts";

const SESSION = sessionIdOf("acme", "WO-1", "read-model");

let acme: Credentials;
let other: Credentials;
let reader: Credentials;
beforeAll(async () => {
  acme = await storeCredentials(put, "acme");
  other = await storeCredentials(put, "other");
  reader = await storeCredentials(put, "acme", ["session:read"]);
  // The object is the double of `testing/neighbours.mjs`.
  const session = env.SESSIONS.getByName(objectName.session("acme", SESSION)) as unknown as { commission(request: object): Promise<object> };
  await session.commission({ org: "acme", sessionId: SESSION, workOrderId: "WO-1", order: { title: "Hold" }, envelopeDigest: "d" });
});

describe("Reproject", () => {
  it("asks the read model for the caller's session", async () => {
    expect(await clientsOf(acme.apiKey).admin.reproject({ sessionId: SESSION })).toMatchObject({ seq: 7n, tipSeq: 7n, quarantined: 1 });
  });

  it("is for administrators, and of their own org's sessions", async () => {
    await expectRefusal("PERMISSION_DENIED", () => clientsOf(reader.apiKey).admin.reproject({ sessionId: SESSION }));
    await expectRefusal("NOT_FOUND", () => clientsOf(other.apiKey).admin.reproject({ sessionId: SESSION }));
    await expectRefusal("INVALID_ARGUMENT", () => clientsOf(acme.apiKey).admin.reproject({}));
  });
});

describe("ProjectionLag", () => {
  it("tells of the org's open sessions, and keeps a tip that is not known apart from zero", async () => {
    const { sessions, more } = await clientsOf(acme.apiKey).admin.projectionLag({});
    expect(sessions).toMatchObject([{ sessionId: "SES-acme-20", seq: 0n, closed: false }]);
    expect(sessions[0]?.tipSeq).toBeUndefined();
    expect(more).toBe(true);
  });

  it("tells of one session of the caller's org", async () => {
    const { sessions } = await clientsOf(acme.apiKey).admin.projectionLag({ sessionId: SESSION });
    expect(sessions).toMatchObject([{ sessionId: SESSION, seq: 5n, tipSeq: 7n, quarantined: 2 }]);
    await expectRefusal("NOT_FOUND", () => clientsOf(other.apiKey).admin.projectionLag({ sessionId: SESSION }));
  });

  it("has a limit", async () => {
    await expectRefusal("INVALID_ARGUMENT", () => clientsOf(acme.apiKey).admin.projectionLag({ limit: 101 }));
  });
});
