import { MemoryLog } from "@factory/durable/testing";
import { FactoryError, refuse } from "@factory/schemas";
import type { LinearComment } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AuthorityRegistry } from "../authority/authority-registry.ts";
import { aBinding, aBlock, aRegistry } from "../testing/escalations.ts";
import { aRequest, aWebhook, signatureOf, WEBHOOK_SECRET } from "../testing/webhooks.ts";
import { MAX_WEBHOOK_BYTES } from "./verification.ts";
import { handleWebhook } from "./webhook.ts";
import type { WebhookDeps } from "./webhook.ts";

const RESUME = aBlock("resume");

/** A webhook with the objects behind it as recorders. */
class Door {
  readonly log = new MemoryLog();
  /** Every call behind the door, with what it was for. */
  readonly calls: string[] = [];
  readonly comments: LinearComment[] = [];
  registry: AuthorityRegistry | null | Error = aRegistry();
  own: ReadonlySet<string> = new Set(["user-factory"]);
  issue: "bound" | "not bound" | "down" = "bound";
  bound: Awaited<ReturnType<ReturnType<WebhookDeps["disposition"]>["bind"]>> = { ok: true };
  readonly #secret: string;

  constructor(secret: string = WEBHOOK_SECRET) {
    this.#secret = secret;
  }

  async send(request: Request): Promise<{ status: number; body: unknown }> {
    const response = await handleWebhook(request, this.#deps());
    const text = await response.text();
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
  }

  deliver(payload: object, headers: { readonly [name: string]: string } = {}): Promise<{ status: number; body: unknown }> {
    return this.send(aRequest(JSON.stringify(payload), headers));
  }

  #deps(): WebhookDeps {
    return {
      secret: this.#secret,
      log: this.log,
      now: Date.now,
      authority: async () => {
        if (this.registry instanceof Error) throw this.registry;
        return this.registry;
      },
      issues: (org) => ({
        isOwn: async (authorId) => this.own.has(authorId),
        bindingOf: async (issueId) => {
          this.calls.push(`bindingOf ${org} ${issueId}`);
          if (this.issue === "down") throw new Error("the object does not answer");
          return this.issue === "bound" ? aBinding({ issueId }) : null;
        },
      }),
      disposition: (org) => ({
        bind: async () => this.bound,
        comment: async (comment) => {
          this.calls.push(`comment ${org}`);
          this.comments.push(comment);
          return { ok: true, taken: { outcome: "taken", verb: "resume", dispositionEventId: "DSP-1" } };
        },
      }),
    };
  }
}

describe("a verified comment", () => {
  test("on a bound issue goes to its escalation, and the answer says what was done", async () => {
    const door = new Door();
    expect(await door.deliver(aWebhook("ada", RESUME))).toEqual({ status: 200, body: { outcome: "taken", verb: "resume", dispositionEventId: "DSP-1" } });
    expect(door.comments).toEqual([
      {
        deliveryId: "delivery-1",
        commentId: "comment-1",
        issueId: "issue-1",
        authorId: "user-ada",
        authorName: "ada",
        body: RESUME,
        createdAt: "2026-08-04T09:00:00.000Z",
        editedAt: null,
      },
    ]);
    expect(door.log.of("webhook.comment")).toMatchObject([
      { outcome: "ok", ids: { delivery: "delivery-1", comment: "comment-1" }, fields: { taken: "taken" } },
    ]);
  });

  test("is in the organisation of its team, and in none where the team is unknown or nothing is published", async () => {
    const door = new Door();
    await door.deliver(aWebhook("ada", RESUME, { data: { issue: { id: "issue-9", team: { id: "team-other" } } } }));
    expect(door.calls).toEqual(["bindingOf other issue-9"]);
    const unknown = aWebhook("ada", RESUME, { data: { issue: { id: "issue-9", team: { id: "team-nowhere" } } } });
    expect(await door.deliver(unknown)).toMatchObject({ status: 200, body: { outcome: "ignored" } });
    door.registry = null;
    expect(await door.deliver(aWebhook("ada", RESUME))).toMatchObject({ status: 200, body: { outcome: "ignored" } });
    expect(door.comments).toEqual([]);
  });

  test("on another issue than an escalation's is ignored", async () => {
    const door = new Door();
    door.issue = "not bound";
    expect(await door.deliver(aWebhook("ada", RESUME))).toMatchObject({ status: 200, body: { outcome: "ignored", reason: expect.stringContaining("bound") } });
  });

  test("without a delivery id stands for itself", async () => {
    const door = new Door();
    await door.deliver(aWebhook("ada", RESUME), { "linear-delivery": "" });
    expect(door.comments[0]?.deliveryId).toBe("comment:comment-1:create");
  });

  test("that was edited is handed on as edited, and a change of anything else is not", async () => {
    const door = new Door();
    const edit = { action: "update", updatedFrom: { body: "before" }, data: { editedAt: "2026-08-04T09:10:00.000Z" } };
    await door.deliver(aWebhook("ada", RESUME, edit));
    await door.deliver(aWebhook("ada", RESUME, { ...edit, data: {} }));
    await door.deliver(aWebhook("ada", RESUME, { action: "update", updatedFrom: { resolvedAt: null } }));
    expect(door.comments.map(({ editedAt }) => editedAt)).toEqual(["2026-08-04T09:10:00.000Z", "2026-08-04T09:00:00.000Z"]);
  });

  test.each([
    ["D-61: of the factory's own account", aWebhook("factory", RESUME)],
    ["of a bot", aWebhook("ada", RESUME, { data: { botActor: '{"type":"workflow"}' } })],
    ["of an application", aWebhook("ada", RESUME, { actor: { id: "app", type: "oauthClient", name: "App" } })],
    ["of an integration", aWebhook("ada", RESUME, { actor: { id: "slack", type: "integration", service: "slack" } })],
    ["of somebody outside", aWebhook("ada", RESUME, { data: { user: null, externalUser: { id: "x", name: "x" } } })],
    ["of nobody", aWebhook("ada", RESUME, { data: { user: undefined } })],
    ["that was removed", aWebhook("ada", RESUME, { action: "remove" })],
    ["on a project update", aWebhook("ada", RESUME, { data: { issue: null, issueId: null } })],
    ["without a disposition", aWebhook("ada", "Well done!")],
    ["that cannot be read", aWebhook("ada", RESUME, { data: { body: 7 } })],
    ["that is no comment", { ...aWebhook("ada", RESUME), type: "Issue" }],
    ["that is a reaction", { ...aWebhook("ada", RESUME), type: "Reaction" }],
  ])("%s is ignored", async (_, payload) => {
    const door = new Door();
    expect(await door.deliver(payload)).toMatchObject({ status: 200, body: { outcome: "ignored" } });
    expect(door.comments).toEqual([]);
  });
});

describe("what is not Linear's", () => {
  const body = () => JSON.stringify(aWebhook("ada", RESUME));

  test.each([
    ["without a signature", () => new Request("https://x.example/webhooks/linear", { method: "POST", body: body() })],
    ["with another's signature", () => aRequest(body(), { "linear-signature": signatureOf(body(), "another secret") })],
    ["with a body that was changed", () => aRequest(body(), { "linear-signature": signatureOf(`${body()} `) })],
    ["with a signature that is cut off", () => aRequest(body(), { "linear-signature": signatureOf(body()).slice(0, 40) })],
    ["with a signature that is no text of it", () => aRequest(body(), { "linear-signature": "é".repeat(64) })],
    ["that is no JSON and not signed", () => aRequest("{", { "linear-signature": "00" })],
    ["of two minutes ago", () => aRequest(JSON.stringify(aWebhook("ada", RESUME, { webhookTimestamp: Date.now() - 120_000 })))],
    ["of two minutes ahead", () => aRequest(JSON.stringify(aWebhook("ada", RESUME, { webhookTimestamp: Date.now() + 120_000 })))],
    [
      "D-60: without its time, whatever the header says",
      () => aRequest(JSON.stringify(aWebhook("ada", RESUME, { webhookTimestamp: undefined })), { "linear-timestamp": String(Date.now()) }),
    ],
    ["with a time that is text", () => aRequest(JSON.stringify(aWebhook("ada", RESUME, { webhookTimestamp: String(Date.now()) })))],
  ])("a request %s is 401 and reaches nothing", async (_, request) => {
    const door = new Door();
    expect((await door.send(request())).status).toBe(401);
    expect(door.calls).toEqual([]);
    expect(door.log.of("webhook.verify")).toMatchObject([{ outcome: "refused" }]);
  });

  test("signed text that is no JSON, or no event, is 400", async () => {
    const door = new Door();
    expect((await door.send(aRequest("{"))).status).toBe(400);
    expect((await door.deliver({ webhookTimestamp: Date.now(), type: 7 })).status).toBe(400);
  });

  test("a body over the limit is 413, whatever its header says", async () => {
    const door = new Door();
    const large = `"${"x".repeat(MAX_WEBHOOK_BYTES)}"`;
    expect((await door.send(aRequest(large))).status).toBe(413);
    expect((await door.send(aRequest("{}", { "content-length": String(MAX_WEBHOOK_BYTES + 1) }))).status).toBe(413);
  });

  test("there is no such route without a secret, on another path, or with another method", async () => {
    expect((await new Door("").deliver(aWebhook("ada", RESUME))).status).toBe(404);
    expect((await new Door().send(new Request("https://x.example/other", { method: "POST", body: "{}" }))).status).toBe(404);
    expect((await new Door().send(new Request("https://x.example/webhooks/linear"))).status).toBe(405);
  });

  test("any signed JSON is an answer below 500, and nothing acts but a comment", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), async (value, data) => {
        const door = new Door();
        const payload = typeof value === "object" && value !== null && !Array.isArray(value) ? value : { value };
        const event = { ...payload, type: "Comment", action: "create", webhookTimestamp: Date.now(), data };
        for (const body of [event, { ...payload, webhookTimestamp: Date.now() }]) expect((await door.deliver(body)).status).toBeLessThan(500);
        expect(door.comments).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test("any bytes are an answer below 500", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), fc.string(), async (body, signature) => {
        const request = aRequest(body, /^[\x20-\x7e]*$/.test(signature) ? { "linear-signature": signature } : {});
        expect((await new Door().send(request)).status).toBeLessThan(500);
      }),
    );
  });
});

describe("D-63: what does not answer", () => {
  test.each([
    ["the registry", (door: Door) => void (door.registry = new FactoryError("UNAVAILABLE", "down"))],
    ["the object of the issues", (door: Door) => void (door.issue = "down")],
    ["the object of the escalation", (door: Door) => void (door.bound = refuse("UNAVAILABLE", "down"))],
  ])("%s is 503, so that Linear delivers again, and says nothing of itself", async (_, breakIt) => {
    const door = new Door();
    breakIt(door);
    expect(await door.deliver(aWebhook("ada", RESUME))).toEqual({ status: 503, body: { error: "The comment could not be taken now." } });
    expect(door.log.of("webhook.comment")).toMatchObject([{ outcome: "failed", fields: { error: expect.stringMatching(/down|answer/) } }]);
  });
});
