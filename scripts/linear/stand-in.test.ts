import { createServer, type IncomingHttpHeaders } from "node:http";
import { LinearClient } from "@linear/sdk";
import { LinearWebhookClient } from "@linear/sdk/webhooks";
import { afterEach, describe, expect, it } from "vitest";
import { LinearStandIn, SEED, type StandInOptions } from "./stand-in.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

async function aStandIn(options: StandInOptions = {}): Promise<LinearStandIn> {
  const standIn = await LinearStandIn.start(options);
  open.push(standIn);
  return standIn;
}

type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly data: Record<string, unknown> | undefined;
  readonly errors: readonly { message: string; extensions: Record<string, unknown> }[];
};

async function ask(standIn: LinearStandIn, query: string, variables: object = {}, key = standIn.keyOf("factory")): Promise<Answer> {
  const response = await fetch(standIn.apiUrl, {
    method: "POST",
    headers: { authorization: key, "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors = [] } = (await response.json()) as { data?: Answer["data"]; errors?: Answer["errors"] };
  return { status: response.status, headers: response.headers, data, errors };
}

const CREATE =
  "mutation ($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id identifier title state { name } labels { nodes { name } } } } }";

/** Where webhooks go: keeps what comes and answers what it is told, 200 when it is told nothing. */
async function aReceiver(...statuses: number[]) {
  const received: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(pieces) });
      response.writeHead(statuses.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  open.push({ [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())) });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("The receiver is not listening.");
  const bodies = () => received.map(({ body }) => JSON.parse(body.toString("utf8")) as { data: { body: string }; webhookTimestamp: number });
  return { url: `http://127.0.0.1:${address.port}/hook`, received, bodies };
}

describe("the API", () => {
  it("acts as whose key it is, raw as Linear's personal keys are", async () => {
    const standIn = await aStandIn();
    const { data } = await ask(standIn, "{ viewer { id name app } }", {}, standIn.keyOf("ada"));
    expect(data).toEqual({ viewer: { id: SEED.ada, name: "Ada", app: false } });
    for (const key of ["", "lin_api_nobody", `Bearer ${standIn.keyOf("ada")}`]) {
      const refused = await ask(standIn, "{ viewer { id } }", {}, key);
      expect(refused.status).toBe(401);
      expect(refused.errors[0]?.extensions["type"]).toBe("authentication error");
    }
  });

  it("serves the requests of Linear's own client", async () => {
    const standIn = await aStandIn();
    await ask(standIn, CREATE, { input: { teamId: SEED.team, title: "One" } });
    const client = new LinearClient({ apiKey: standIn.keyOf("factory"), apiUrl: standIn.apiUrl });
    const answer = await client.client.rawRequest("query ($id: String!) { issue(id: $id) { title team { key } } }", { id: "FAC-1" });
    expect(answer.data).toEqual({ issue: { title: "One", team: { key: "FAC" } } });
    standIn.fail({ kind: "rate-limited", retryAfterSeconds: 7 });
    const refused = await client.client.rawRequest("{ viewer { id } }").catch((err: unknown) => err);
    expect(refused).toBeInstanceOf(Error);
    expect(JSON.stringify(refused)).toContain("RATELIMITED");
  });

  it("refuses fields, inputs and arguments that Linear's schema does not have, and does nothing", async () => {
    const standIn = await aStandIn();
    for (const [query, variables] of [
      ["{ viewer { secretField } }", {}],
      ['mutation { issueCreate(input: { teamId: "x" }) { issue { nonsense } } }', {}],
      ['mutation { issueCreate(input: { teamId: "x", colour: "red" }) { success } }', {}],
      ['mutation { issueExplode(id: "x") { success } }', {}],
      ['query { issues(filter: { title: { resembles: "x" } }) { nodes { id } } }', {}],
      [CREATE, { input: { title: "no team" } }],
      [CREATE, { input: { teamId: SEED.team, title: "x", priority: "high" } }],
      [CREATE, { input: { teamId: SEED.team, title: "x", dueDate: "tomorrow" } }],
      [CREATE, {}],
      ["{ viewer {", {}],
    ] as const) {
      const { status, data, errors } = await ask(standIn, query, variables);
      expect(status, query).toBe(400);
      expect(data ?? undefined).toBeUndefined();
      expect(errors[0]?.extensions).toMatchObject({ userError: true });
    }
    expect(standIn.issues()).toHaveLength(0);
  });

  it("keeps an id that the client chose and refuses it the second time", async () => {
    const standIn = await aStandIn();
    const input = { id: "11111111-1111-4111-8111-111111111111", teamId: SEED.team, title: "Once" };
    const first = await ask(standIn, CREATE, { input });
    expect(first.data).toMatchObject({ issueCreate: { success: true, issue: { id: input.id, identifier: "FAC-1", state: { name: "Backlog" } } } });
    const second = await ask(standIn, CREATE, { input: { ...input, title: "Twice" } });
    expect(second.errors[0]?.extensions).toMatchObject({ type: "invalid input", userError: true });
    expect(standIn.issues().map(({ title }) => title)).toEqual(["Once"]);
    const odd = await ask(standIn, CREATE, { input: { ...input, id: "not-a-uuid" } });
    expect(odd.errors[0]?.message).toContain("UUID");
    const long = await ask(standIn, CREATE, { input: { teamId: SEED.team, title: "x".repeat(300) } });
    expect(long.errors[0]?.message).toContain("title");
    expect(standIn.issues()).toHaveLength(1);
  });

  it("adds and takes labels one by one, replaces them all, and follows states", async () => {
    const standIn = await aStandIn();
    const label = 'mutation ($name: String!) { issueLabelCreate(input: { name: $name, teamId: "' + SEED.team + '" }) { issueLabel { id } } }';
    const ids: string[] = [];
    for (const name of ["one", "two", "three"]) {
      const { data } = await ask(standIn, label, { name });
      ids.push((data as { issueLabelCreate: { issueLabel: { id: string } } }).issueLabelCreate.issueLabel.id);
    }
    expect((await ask(standIn, label, { name: "ONE" })).errors[0]?.message).toContain("exists already");
    await ask(standIn, CREATE, { input: { teamId: SEED.team, title: "Labels", labelIds: [ids[0]] } });
    const update = 'mutation ($input: IssueUpdateInput!) { issueUpdate(id: "FAC-1", input: $input) { success } }';
    await ask(standIn, update, { input: { addedLabelIds: [ids[1], ids[0]] } });
    const [issue] = standIn.issues();
    expect(issue?.labels.map(({ name }) => name)).toEqual(["one", "two"]);
    await ask(standIn, update, { input: { addedLabelIds: [ids[2]], removedLabelIds: [ids[0]] } });
    expect(issue?.labels.map(({ name }) => name)).toEqual(["two", "three"]);
    await ask(standIn, update, { input: { labelIds: [] } });
    expect(issue?.labels).toEqual([]);
    const { data } = await ask(standIn, '{ workflowStates(filter: { name: { eq: "Done" } }) { nodes { id type } } }');
    const [done] = (data as { workflowStates: { nodes: { id: string; type: string }[] } }).workflowStates.nodes;
    expect(done?.type).toBe("completed");
    expect((await ask(standIn, update, { input: { stateId: "cancelled", title: "Never" } })).errors[0]?.message).toContain("WorkflowState");
    expect(issue?.title).toBe("Labels");
    await ask(standIn, update, { input: { stateId: done?.id } });
    expect(issue?.completedAt).not.toBeNull();
  });

  it("lists newest first, a page at a time, through filters that reach into relations", async () => {
    const standIn = await aStandIn();
    for (const title of ["a", "b", "c", "d", "e"]) await ask(standIn, CREATE, { input: { teamId: SEED.team, title } });
    const query = "query ($after: String) { issues(first: 2, after: $after) { nodes { title } pageInfo { hasNextPage endCursor } } }";
    const titles: string[] = [];
    let after: string | null = null;
    for (let pages = 0; pages < 3; pages++) {
      const { data } = await ask(standIn, query, { after });
      const { issues } = data as { issues: { nodes: { title: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } };
      titles.push(...issues.nodes.map(({ title }) => title));
      expect(issues.pageInfo.hasNextPage).toBe(pages < 2);
      after = issues.pageInfo.endCursor;
    }
    expect(titles).toEqual(["e", "d", "c", "b", "a"]);
    const found = await ask(
      standIn,
      '{ issues(filter: { or: [{ title: { in: ["a"] } }, { number: { gt: 4 } }], team: { key: { eq: "FAC" } }, assignee: { null: true } }) { nodes { title } } }',
    );
    expect(found.data).toEqual({ issues: { nodes: [{ title: "e" }, { title: "a" }] } });
    // In Linear's schema, and nothing that the stand-in has: it says so rather than let everything pass.
    const unknown = await ask(standIn, "{ issues(filter: { slaStatus: { eq: Breached } }) { nodes { title } } }");
    expect(unknown.errors[0]?.message).toContain("slaStatus");
  });

  it("relates issues in the direction that is said, once", async () => {
    const standIn = await aStandIn();
    for (const title of ["first", "second"]) await ask(standIn, CREATE, { input: { teamId: SEED.team, title } });
    const relate = 'mutation { issueRelationCreate(input: { issueId: "FAC-1", relatedIssueId: "FAC-2", type: blocks }) { issueRelation { id } } }';
    expect((await ask(standIn, relate)).errors).toEqual([]);
    expect((await ask(standIn, relate)).errors[0]?.message).toContain("already related");
    const { data } = await ask(standIn, '{ issue(id: "FAC-2") { inverseRelations { nodes { type issue { title } } } } }');
    expect(data).toEqual({ issue: { inverseRelations: { nodes: [{ type: "blocks", issue: { title: "first" } }] } } });
  });

  it("makes milestones, documents and webhooks, and tells of the cycle", async () => {
    const standIn = await aStandIn();
    const made = await ask(
      standIn,
      `mutation {
        projectMilestoneCreate(input: { projectId: "${SEED.project}", name: "WG-1 v1" }) { projectMilestone { id name } }
        documentCreate(input: { projectId: "${SEED.project}", title: "Health", content: "ok" }) { document { id } }
        webhookCreate(input: { url: "http://127.0.0.1:1/x", teamId: "${SEED.team}", resourceTypes: ["Comment"] }) { webhook { id enabled secret } }
      }`,
    );
    expect(made.errors).toEqual([]);
    const { data } = await ask(
      standIn,
      `{ project(id: "${SEED.project}") { projectMilestones { nodes { name } } documents { nodes { title content } } }
         webhooks { nodes { url } } team(id: "${SEED.team}") { activeCycle { number isActive endsAt } } }`,
    );
    expect(data).toMatchObject({
      project: { projectMilestones: { nodes: [{ name: "WG-1 v1" }] }, documents: { nodes: [{ title: "Health", content: "ok" }] } },
      webhooks: { nodes: [{ url: "http://127.0.0.1:1/x" }] },
      team: { activeCycle: { number: 1, isActive: true } },
    });
    standIn.workspace.endCycles();
    expect((await ask(standIn, `{ team(id: "${SEED.team}") { activeCycle { number } } }`)).data).toEqual({ team: { activeCycle: null } });
  });

  it("lets nobody change another's comment", async () => {
    const standIn = await aStandIn();
    await ask(standIn, CREATE, { input: { teamId: SEED.team, title: "Talk" } });
    const comment = standIn.commentAs("ada", "FAC-1", "mine");
    const edit = 'mutation ($id: String!) { commentUpdate(id: $id, input: { body: "yours" }) { success } }';
    expect((await ask(standIn, edit, { id: comment.id })).errors[0]?.extensions["type"]).toBe("forbidden");
    expect(comment.body).toBe("mine");
  });
});

describe("failures", () => {
  it("answers 429 with retry-after, then as before; what failed did nothing", async () => {
    const standIn = await aStandIn();
    standIn.fail({ kind: "rate-limited", times: 2, retryAfterSeconds: 3, field: "issueCreate" });
    expect((await ask(standIn, "{ viewer { id } }")).status).toBe(200);
    for (let each = 0; each < 2; each++) {
      const limited = await ask(standIn, CREATE, { input: { teamId: SEED.team, title: "Late" } });
      expect(limited.status).toBe(429);
      expect(limited.headers.get("retry-after")).toBe("3");
      expect(limited.errors[0]?.extensions).toMatchObject({ code: "RATELIMITED", type: "ratelimited" });
    }
    expect(standIn.issues()).toHaveLength(0);
    expect((await ask(standIn, CREATE, { input: { teamId: SEED.team, title: "Late" } })).status).toBe(200);
    expect(standIn.requests.map(({ status }) => status)).toEqual([200, 429, 429, 200]);
  });

  it("keeps a budget for each user and says in headers what is left", async () => {
    const standIn = await aStandIn({ budget: { requests: 2, windowMs: 60_000 } });
    const left: (string | null)[] = [];
    for (let each = 0; each < 2; each++) left.push((await ask(standIn, "{ viewer { id } }")).headers.get("x-ratelimit-requests-remaining"));
    expect(left).toEqual(["1", "0"]);
    const limited = await ask(standIn, "{ viewer { id } }");
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await ask(standIn, "{ viewer { id } }", {}, standIn.keyOf("ada"))).status).toBe(200);
  });

  it("can do what was asked and not say so, and can be down", async () => {
    const standIn = await aStandIn();
    standIn.fail({ kind: "drop-after", field: "issueCreate" });
    await expect(ask(standIn, CREATE, { input: { teamId: SEED.team, title: "Done" } })).rejects.toThrow(/fetch failed/);
    expect(standIn.issues().map(({ title }) => title)).toEqual(["Done"]);
    standIn.fail({ kind: "drop", field: "issueCreate" });
    await expect(ask(standIn, CREATE, { input: { teamId: SEED.team, title: "Not done" } })).rejects.toThrow(/fetch failed/);
    expect(standIn.issues()).toHaveLength(1);
    standIn.fail({ kind: "status", status: 503, times: Infinity });
    const down = await fetch(standIn.apiUrl, {
      method: "POST",
      headers: { authorization: standIn.keyOf("factory") },
      body: JSON.stringify({ query: "{ viewer { id } }" }),
    });
    expect(down.status).toBe(503);
    standIn.heal();
    expect((await ask(standIn, "{ viewer { id } }")).status).toBe(200);
  });
});

describe("webhooks", () => {
  const SECRET = "a secret of both sides";

  async function withHook(options: StandInOptions = {}, ...statuses: number[]) {
    const standIn = await aStandIn({ redeliveryScale: 0, ...options });
    const receiver = await aReceiver(...statuses);
    standIn.addWebhook({ url: receiver.url, secret: SECRET });
    await ask(standIn, CREATE, { input: { teamId: SEED.team, title: "Talk" } });
    return { standIn, receiver };
  }

  it("are signed as Linear's own receiver wants them, and a changed byte is not", async () => {
    const { standIn, receiver } = await withHook();
    standIn.commentAs("ada", "FAC-1", "Good\nmorning");
    await standIn.webhooks.settled();
    // The issue was made, too, and this webhook is for comments only.
    expect(receiver.received).toHaveLength(1);
    const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = receiver.received;
    const signature = String(headers["linear-signature"]);
    const parsed = new LinearWebhookClient(SECRET).parseData(body, signature);
    expect(parsed).toMatchObject({
      type: "Comment",
      action: "create",
      organizationId: SEED.organization,
      data: { body: "Good\nmorning", userId: SEED.ada, issue: { identifier: "FAC-1" } },
    });
    expect(headers).toMatchObject({
      "linear-event": "Comment",
      "linear-delivery": standIn.deliveries()[0]?.id,
      "linear-timestamp": String(receiver.bodies()[0]?.webhookTimestamp),
    });
    expect(() => new LinearWebhookClient("another").parseData(body, signature)).toThrow(/signature/);
    body[10] = (body[10] ?? 0) ^ 1;
    expect(() => new LinearWebhookClient(SECRET).verify(body, signature)).toThrow(/signature/);
  });

  it("come again with the same delivery id and a fresh moment until one is answered with 200", async () => {
    const { standIn, receiver } = await withHook({ redeliveryScale: 0.0001 }, 500, 401);
    standIn.commentAs("grace", "FAC-1", "Hello");
    await standIn.webhooks.settled();
    expect(standIn.deliveries().map(({ attempts }) => attempts)).toEqual([[500, 401, 200]]);
    expect(new Set(receiver.received.map(({ headers }) => headers["linear-delivery"])).size).toBe(1);
    const moments = receiver.bodies().map(({ webhookTimestamp }) => webhookTimestamp);
    expect(new Set(moments).size).toBe(3);
    expect(moments).toEqual(moments.toSorted((a, b) => a - b));
    for (const { headers, body } of receiver.received) expect(new LinearWebhookClient(SECRET).verify(body, String(headers["linear-signature"]))).toBe(true);
  });

  it("are given up after the last pause, and an answer other than 200 is none", async () => {
    const { standIn } = await withHook({ redeliveryScale: 0.000001 }, 204, 500, 503, 404);
    standIn.commentAs("grace", "FAC-1", "Hello");
    await standIn.webhooks.settled();
    expect(standIn.deliveries().map(({ attempts }) => attempts)).toEqual([[204, 500, 503, 404]]);
  });

  it("come twice and out of order when asked to, and once more by hand", async () => {
    const { standIn, receiver } = await withHook();
    standIn.webhooks.hold();
    const first = standIn.commentAs("ada", "FAC-1", "first");
    standIn.editAs("ada", first.id, "first, edited");
    expect(receiver.received).toHaveLength(0);
    standIn.webhooks.release({ copies: 2 });
    await standIn.webhooks.settled();
    expect(
      receiver
        .bodies()
        .map(({ data }) => data.body)
        .sort(),
    ).toEqual(["first", "first", "first, edited", "first, edited"]);
    const [delivery] = standIn.deliveries();
    standIn.webhooks.redeliver(delivery?.id ?? "");
    await standIn.webhooks.settled();
    expect(receiver.received).toHaveLength(5);
    expect(delivery?.attempts).toEqual([200, 200, 200]);
  });
});

describe("the page", () => {
  it("shows what was written and does nothing of it", async () => {
    const standIn = await aStandIn();
    const evil = "<script>alert(1)</script>";
    await ask(standIn, CREATE, { input: { teamId: SEED.team, title: evil, description: `"'>${evil}` } });
    standIn.commentAs("mallory", "FAC-1", `</pre>${evil}`);
    const response = await fetch(standIn.url);
    const html = await response.text();
    expect(html).not.toContain("<script");
    expect(html).toContain("&#60;script&#62;");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  it("takes a comment of a person, not of the application, not from another site, not under another name", async () => {
    const standIn = await aStandIn();
    await ask(standIn, CREATE, { input: { teamId: SEED.team, title: "Talk" } });
    const issue = standIn.issues()[0]?.id ?? "";
    const post = async (form: Record<string, string>, headers: Record<string, string> = {}) =>
      (await fetch(`${standIn.url}/comments`, { method: "POST", body: new URLSearchParams(form), headers, redirect: "manual" })).status;
    expect(await post({ issue, user: SEED.factory, body: "as the application" })).toBe(400);
    expect(await post({ issue, user: SEED.ada, body: " " })).toBe(400);
    expect(await post({ issue, user: SEED.ada, body: "elsewhere" }, { "sec-fetch-site": "cross-site" })).toBe(403);
    expect(standIn.issues()[0]?.comments).toHaveLength(0);
    expect(await post({ issue, user: SEED.ada, body: "one\r\ntwo" }, { "sec-fetch-site": "same-origin" })).toBe(303);
    expect(standIn.issues()[0]?.comments.map(({ body, user }) => [body, user.name])).toEqual([["one\ntwo", "Ada"]]);
  });
});
