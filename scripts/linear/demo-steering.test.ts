import { createServer } from "node:http";
import { LinearWebhookClient } from "@linear/sdk/webhooks";
import { afterEach, describe, expect, it } from "vitest";
import type { ReviewView } from "@factory/cli";
import { authorityRegistry, mayUse } from "../../workers/linear-bridge/src/authority/authority-registry.ts";
import { parseDisposition } from "../../workers/linear-bridge/src/dispositions/grammar.ts";
import { misfit } from "../../workers/linear-bridge/src/dispositions/matters.ts";
import { LinearSteering, authorityFor, exampleFor } from "./demo-steering.ts";
import { SEED } from "./stand-in.ts";

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

const REVIEW: ReviewView = {
  reviewId: "REV-01KTESTTESTTESTTESTTESTTES",
  action: "build SPEC-1",
  actionDigest: "0".repeat(64),
  prompt: "Build it?",
  type: "APPROVAL",
  matter: "approval",
  stage: "",
  alternatives: [],
  decidedByPolicy: false,
  approvalsNeeded: 1,
  votes: [],
};

/** A bridge that answers webhooks so, one after the other, on a port of its own, and a steering that sends them there. */
async function aSteering(...answers: object[]) {
  const bodies: { data: { body: string; user: { name: string } } }[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const body = Buffer.concat(pieces);
      new LinearWebhookClient(steering.options.webhookSecret).verify(body, String(request.headers["linear-signature"]));
      bodies.push(JSON.parse(body.toString("utf8")) as (typeof bodies)[number]);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answers.shift()));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("The bridge is not listening.");
  const steering = await LinearSteering.start(address.port, "local");
  open.push(
    () => new Promise((resolve) => void server.close(() => resolve())),
    () => steering[Symbol.asyncDispose](),
  );
  // As the factory writes it: escaped, and broken up where Linear would see an issue's key.
  const description = `- Review: REV\u2060\\-${REVIEW.reviewId.slice(4)}`;
  const factory = steering.standIn.workspace.users.find(({ app }) => app);
  if (factory === undefined) throw new Error("There is no application.");
  steering.standIn.mutations.issueCreate({ teamId: SEED.team, title: "Decide", description }, factory);
  const said: string[] = [];
  const talk = { say: (text: string) => void said.push(text), isTerminal: false };
  return { steering, talk, said, bodies };
}

const TAKEN = { outcome: "taken", verb: "commission", dispositionEventId: "DSP-1" };

describe("steering in the demo", () => {
  it("shows the issue of the review, comments as Ada, and tells which decision was taken", async () => {
    const { steering, talk, said, bodies } = await aSteering(TAKEN);
    expect(await steering.answer(REVIEW, talk)).toMatchObject({ dispositionEventId: "DSP-1", issue: { identifier: "FAC-1" } });
    expect(bodies.map(({ data }) => data.user.name)).toEqual(["Ada"]);
    expect(bodies[0]?.data.body).toBe(exampleFor("approval"));
    expect(said.join("\n")).toContain("FAC-1  Decide");
    expect(said.join("\n")).toContain("rationale: ");
  });

  it("has another person agree where one is not enough", async () => {
    const { steering, talk, bodies } = await aSteering({ outcome: "waiting", approvals: 1, needed: 2, expiresAt: "2030-01-01T00:00:00Z" }, TAKEN);
    expect(await steering.answer(REVIEW, talk)).toBeDefined();
    expect(bodies.map(({ data }) => data.user.name)).toEqual(["Ada", "Grace"]);
    expect(new Set(bodies.map(({ data }) => data.body)).size).toBe(1);
  });

  it("says why a comment was not taken, and asks no more where nobody can answer", async () => {
    const { steering, talk, said, bodies } = await aSteering({ outcome: "refused", code: "FAILED_PRECONDITION", message: "The review is decided." });
    expect(await steering.answer(REVIEW, talk)).toBeUndefined();
    expect(said.at(-1)).toContain("The review is decided.");
    expect(bodies).toHaveLength(1);
  });
});

describe("what the demo tells the bridge", () => {
  it("is a registry that it reads, in which Ada and Grace are two people who may decide everything, and nobody else may", () => {
    const registry = authorityRegistry.parse(authorityFor("local"));
    const [org] = registry.orgs;
    expect(org?.people.map(({ linearUserId }) => linearUserId)).toEqual([SEED.ada, SEED.grace]);
    expect(new Set(org?.people.map(({ member }) => member)).size).toBe(2);
    for (const person of org?.people ?? []) expect(mayUse(person, "override")).toBe(true);
  });

  it.each(["approval", "acceptance", "divergence", "clarification", "budget", "clearance", "something new"])(
    "answers a review about %s in its grammar, with what it takes",
    (matter) => {
      const parsed = parseDisposition(exampleFor(matter));
      if (parsed.kind !== "disposition") throw new Error(JSON.stringify(parsed));
      expect(misfit(parsed.disposition, matter)).toBeNull();
    },
  );
});
