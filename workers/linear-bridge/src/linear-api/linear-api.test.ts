import { DeadlineError, RetryableError, TerminalError } from "@factory/durable";
import { describe, expect, it } from "vitest";
import { data, refused, ScriptedLinear } from "../testing/scripted-linear.ts";
import type { Scripted } from "../testing/scripted-linear.ts";
import { REQUEST_TIMEOUT_MS } from "./linear-api.ts";
import type { NewIssue } from "./linear-api.ts";
import { ACCESS_RETRY_MS, LinearConflict, LinearRefusal, MAX_RATE_WAIT_MS, RATE_RETRY_MS, RateLimited } from "./linear-errors.ts";
import { Pace } from "./pace.ts";

const ISSUE = { id: "I-1", identifier: "ENG-1", url: "https://linear.example/ENG-1" };
const NEW_ISSUE: NewIssue = { id: "I-1", teamId: "T-1", title: "t", description: "d", labelIds: ["L-1"] };
const COMMENT = { id: "C-1", issueId: "I-1", body: "b" };
const commented = { commentCreate: { success: true, comment: { id: "C-1" } } };
/** As Linear words an id that is taken. */
const taken = (type: string): Response =>
  refused(`conflict on insert of ${type}: entity with id 'I-1' already exists`, { extensions: { type: "invalid input", code: "INPUT_ERROR" } });

/** What a comment fails with when Linear answers so. */
async function failure(...script: Scripted[]): Promise<{ readonly err: unknown; readonly linear: ScriptedLinear }> {
  const linear = new ScriptedLinear(...script);
  const err = await linear
    .api()
    .createComment(COMMENT)
    .catch((caught: unknown) => caught);
  return { err, linear };
}

describe("a request to Linear", () => {
  it("carries the key as it is, without Bearer, and never follows a redirect with it", async () => {
    const linear = new ScriptedLinear(data(commented));
    await linear.api().createComment(COMMENT);
    const [sent] = linear.sent;
    expect(sent?.url).toBe("https://linear.example/graphql");
    expect(new Headers(sent?.init.headers).get("authorization")).toBe("lin_api_secret");
    expect(sent?.init).toMatchObject({ method: "POST", redirect: "manual" });
    expect(sent?.variables).toEqual({ input: COMMENT });
  });

  it("is tried again after a redirect, which is not followed", async () => {
    const { err, linear } = await failure(new Response(null, { status: 302, headers: { location: "https://evil.example/" } }));
    expect(err).toBeInstanceOf(RetryableError);
    expect(linear.sent).toHaveLength(1);
  });

  it("never tells the key in what it fails with", async () => {
    const { err } = await failure(refused("invalid api key", { status: 400, extensions: { code: "INPUT_ERROR" } }));
    expect(String(err)).not.toContain("lin_api_secret");
  });
});

describe("what Linear answers", () => {
  it.each<[string, Scripted]>([
    ["a failure of its own", new Response("bad gateway", { status: 502 })],
    ["a failure of its own with errors", refused("boom", { status: 500, extensions: { code: "INTERNAL_SERVER_ERROR" } })],
    ["an internal error under a good status", refused("boom", { extensions: { type: "internal error", code: "INTERNAL_SERVER_ERROR" } })],
    ["a refusal of somebody in between", new Response("<html>blocked</html>", { status: 400 })],
    ["no connection", new TypeError("fetch failed")],
    ["no JSON", new Response("<html>", { status: 200 })],
    ["nothing", new Response("", { status: 200 })],
    ["another shape", data({ commentCreate: { success: "perhaps" } })],
    ["no success", data({ commentCreate: { success: false } })],
    ["null", Response.json(null)],
  ])("may be asked again after %s", async (_what, answer) => {
    const { err } = await failure(answer);
    expect(err).toBeInstanceOf(Error);
    expect(err).not.toBeInstanceOf(TerminalError);
  });

  it("is waited for so long and no longer", async () => {
    const linear = new ScriptedLinear("silence");
    const asked = linear
      .api()
      .createComment(COMMENT)
      .catch((err: unknown) => err);
    await linear.silent;
    linear.clock.advance(REQUEST_TIMEOUT_MS);
    expect(await asked).toBeInstanceOf(DeadlineError);
    expect(linear.sent[0]?.init.signal?.aborted).toBe(true);
  });

  it("is final where GraphQL refuses the request, with Linear's word for it", async () => {
    const { err } = await failure(
      refused("Argument Validation Error", {
        status: 400,
        extensions: { code: "INPUT_ERROR", type: "invalid input", userPresentableMessage: "title should not be empty" },
      }),
    );
    expect(err).toBeInstanceOf(LinearRefusal);
    expect(err).toBeInstanceOf(TerminalError);
    expect(err).toMatchObject({ code: "INPUT_ERROR", message: "commentCreate: title should not be empty" });
  });

  it.each<[string, Response]>([
    ["a status", new Response("no", { status: 401 })],
    ["a status with an error", refused("no", { status: 403 })],
    ["an error", refused("no", { extensions: { type: "authentication error", code: "AUTHENTICATION_ERROR" } })],
    ["a limit of the plan", refused("no", { extensions: { type: "usage limit exceeded" } })],
  ])("waits for a person where access is refused by %s", async (_by, answer) => {
    const { err } = await failure(answer);
    expect(err).toBeInstanceOf(RetryableError);
    expect(err).toMatchObject({ retryAfterMs: ACCESS_RETRY_MS });
  });
});

describe("a rate limit", () => {
  const now = new ScriptedLinear().clock.now();
  const limited = (headers: { readonly [name: string]: string } = {}): Response => new Response("slow down", { status: 429, headers });

  it.each<[string, Response, number]>([
    ["by status", limited(), RATE_RETRY_MS],
    ["by the code of an error", refused("no", { status: 400, extensions: { code: "RATELIMITED" } }), RATE_RETRY_MS],
    ["by the type of an error", refused("no", { extensions: { type: "ratelimited" } }), RATE_RETRY_MS],
    ["by the words of an error that has no code", refused("Rate limit exceeded"), RATE_RETRY_MS],
    ["with seconds", limited({ "retry-after": "7" }), 7_000],
    ["with parts of a second", limited({ "retry-after": "0.5" }), 500],
    ["with a date", limited({ "retry-after": new Date(now + 9_000).toUTCString() }), 9_000],
    ["with seconds that say less than a window", limited({ "retry-after": "7", "x-ratelimit-requests-reset": String(now + 99_000) }), 7_000],
    ["with a date that is over", limited({ "retry-after": new Date(now - 9_000).toUTCString() }), RATE_RETRY_MS],
    ["with words", limited({ "retry-after": "soon" }), RATE_RETRY_MS],
    ["with the end of a window", limited({ "x-ratelimit-requests-reset": String(now + 42_000) }), 42_000],
    [
      "with the ends of two windows of which one is used up",
      limited({
        "x-ratelimit-requests-remaining": "12",
        "x-ratelimit-requests-reset": String(now + 90_000),
        "x-ratelimit-complexity-remaining": "0",
        "x-ratelimit-complexity-reset": String(now + 42_000),
      }),
      42_000,
    ],
    ["with more than a window", limited({ "retry-after": "999999" }), MAX_RATE_WAIT_MS],
  ])("is told %s", async (_how, answer, waitMs) => {
    const { err } = await failure(answer);
    expect(err).toBeInstanceOf(RateLimited);
    expect(err).toMatchObject({ waitMs, retryAfterMs: waitMs });
  });

  it("is not what a refusal says of the text that it was given", async () => {
    const { err } = await failure(refused('"Add a rate limiter" is no title', { status: 400, extensions: { code: "INPUT_ERROR" } }));
    expect(err).toBeInstanceOf(LinearRefusal);
  });

  it("holds every further request back, before it leaves", async () => {
    const linear = new ScriptedLinear(limited({ "retry-after": "60" }), data(commented));
    const api = linear.api(new Pace(linear.clock));
    await expect(api.createComment(COMMENT)).rejects.toBeInstanceOf(RateLimited);
    linear.clock.advance(20_000);
    await expect(api.createComment(COMMENT)).rejects.toMatchObject({ retryAfterMs: 40_000 });
    expect(linear.sent).toHaveLength(1);
    linear.clock.advance(40_000);
    await api.createComment(COMMENT);
    expect(linear.sent).toHaveLength(2);
  });
});

describe("a creation whose answer was lost", () => {
  it("finds the issue made, and answers as if it had just made it", async () => {
    const linear = new ScriptedLinear(taken("Issue"), data({ issue: ISSUE }));
    expect(await linear.api().createIssue(NEW_ISSUE)).toEqual(ISSUE);
    expect(linear.sent.map(({ variables }) => variables)).toEqual([{ input: NEW_ISSUE }, { id: "I-1" }]);
  });

  it("answers the issue that it made", async () => {
    const linear = new ScriptedLinear(data({ issueCreate: { success: true, issue: ISSUE } }));
    expect(await linear.api().createIssue(NEW_ISSUE)).toEqual(ISSUE);
  });

  it("takes a comment, a relation and a milestone that are there as made", async () => {
    const linear = new ScriptedLinear(taken("Comment"), taken("IssueRelation"), taken("ProjectMilestone"));
    const api = linear.api();
    await api.createComment(COMMENT);
    await api.createBlocks("R-1", "I-1", "I-2");
    await api.createMilestone({ id: "M-1", projectId: "P-1", name: "n", description: "d" });
    expect(linear.sent).toHaveLength(3);
    expect(linear.sent[1]?.variables).toEqual({ input: { id: "R-1", issueId: "I-1", relatedIssueId: "I-2", type: "blocks" } });
  });

  it("says of a document that it is there, since its content may be another", async () => {
    const linear = new ScriptedLinear(taken("Document"));
    await expect(linear.api().createDocument({ id: "D-1", title: "t", content: "c" })).rejects.toBeInstanceOf(LinearConflict);
  });
});

describe("what is asked of Linear", () => {
  const pageOf = (nodes: object[], endCursor: string | null): object => ({ nodes, pageInfo: { hasNextPage: endCursor !== null, endCursor } });

  it("goes on through every page of a list", async () => {
    const state = { name: "Todo", type: "unstarted", position: 1 };
    const linear = new ScriptedLinear(
      data({ team: { states: pageOf([{ ...state, id: "S-1" }], "S-1") } }),
      data({ team: { states: pageOf([{ ...state, id: "S-2" }], null) } }),
    );
    expect((await linear.api().states("T-1")).map(({ id }) => id)).toEqual(["S-1", "S-2"]);
    expect(linear.sent.map(({ variables }) => variables["after"])).toEqual([null, "S-1"]);
  });

  it("is given up where a list has no end", async () => {
    const endless = Array.from({ length: 25 }, (_, index) => data({ webhooks: pageOf([], String(index)) }));
    const linear = new ScriptedLinear(...endless);
    await expect(linear.api().webhooks()).rejects.toBeInstanceOf(RetryableError);
    expect(linear.sent.length).toBeLessThan(25);
  });

  it("leaves out labels of other teams", async () => {
    const labels = [
      { id: "L-1", name: "a", team: { id: "T-1" } },
      { id: "L-2", name: "a", team: { id: "T-2" } },
      { id: "L-3", name: "b", team: null },
    ];
    const linear = new ScriptedLinear(data({ issueLabels: pageOf(labels, null) }));
    expect((await linear.api().labels("T-1", ["a", "b"])).map(({ id }) => id)).toEqual(["L-1", "L-3"]);
    expect(linear.sent[0]?.variables["filter"]).toEqual({ name: { in: ["a", "b"] } });
  });

  it("says null for an author who is no user, and nothing while Linear refuses to say", async () => {
    const nobody = refused("Entity not found: User - Could not find referenced User.", { extensions: { type: "invalid input", code: "INPUT_ERROR" } });
    const linear = new ScriptedLinear(
      nobody,
      refused("Query too complex", { status: 400, extensions: { type: "invalid input", code: "INPUT_ERROR" } }),
      data({ user: { id: "U-1", isMe: true, app: false } }),
    );
    const api = linear.api();
    expect(await api.user("U-0")).toBeNull();
    await expect(api.user("U-1")).rejects.toBeInstanceOf(LinearRefusal);
    expect(await api.user("U-1")).toEqual({ id: "U-1", isMe: true, app: false });
  });

  it("says null for a team that is in no cycle", async () => {
    const linear = new ScriptedLinear(data({ team: { activeCycle: null } }));
    expect(await linear.api().activeCycle("T-1")).toBeNull();
  });

  it("adds labels to an issue and never replaces those it has", async () => {
    const linear = new ScriptedLinear(data({ issueUpdate: { success: true, issue: ISSUE } }));
    await linear.api().updateIssue("I-1", { stateId: "S-1", addedLabelIds: ["L-1"] });
    expect(linear.sent[0]?.variables).toEqual({ id: "I-1", input: { stateId: "S-1", addedLabelIds: ["L-1"] } });
  });
});
