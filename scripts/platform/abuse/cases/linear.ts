/** Webhooks that are not Linear's, and comments that decide nothing. */
import { randomUUID } from "node:crypto";
import { http, type Answer } from "../answers.ts";
import { grouped, type GroupedCase } from "../case.ts";
import { aBlock, anOverride, OTHER_TEAM, type Author, type WebhookChanges } from "../linear-door.ts";
import { AUTHOR_LOOKED_UP, LOOKED_AT, reply } from "../traces.ts";
import type { AbuseWorld, AskingSession } from "../world.ts";

const APPROVES = aBlock("commission");
const STALE_MS = 120_000;
const UNBOUND = "155e0000-0000-4000-8000-00000000ffff";
const IGNORED = http(200, "ignored");

type Shown = { [K in keyof AbuseWorld["sessions"]]: AbuseWorld["sessions"][K] extends AskingSession ? K : never }[keyof AbuseWorld["sessions"]];

/** Somebody comments on a session's issue; approves unless it says otherwise. */
const comments = (
  name: string,
  author: Author,
  session: Shown,
  text: string,
  expected: Answer,
  changes: WebhookChanges | ((world: AbuseWorld) => WebhookChanges) = {},
  more: Partial<GroupedCase> = {},
): GroupedCase => ({
  name,
  call: (world) => world.linear.deliver(world.door, author, world.sessions[session].issue, text, typeof changes === "function" ? changes(world) : changes),
  expected,
  ...more,
});

/** As Linear would, but for the changes; Ada approves the session that waits. */
const webhook = (
  name: string,
  changes: WebhookChanges | ((world: AbuseWorld) => WebhookChanges),
  expected: Answer,
  more: Partial<GroupedCase> = {},
): GroupedCase => comments(name, "ada", "waiting", APPROVES, expected, changes, more);

const user = (id: string, name: string) => ({ id, name });

const NOT_LINEARS: readonly GroupedCase[] = [
  webhook("a webhook without a signature", { signature: null }, http(401, "error")),
  webhook("a webhook signed with another secret", { secret: "lin_wh_another" }, http(401, "error")),
  webhook("a webhook whose signature is cut short", { signature: "0".repeat(40) }, http(401, "error")),
  webhook("a webhook whose signature is no hexadecimal", { signature: "z".repeat(64) }, http(401, "error")),
  webhook("a webhook of two minutes ago", { payload: { webhookTimestamp: Date.now() - STALE_MS } }, http(401, "error")),
  webhook("a webhook of two minutes ahead", () => ({ payload: { webhookTimestamp: Date.now() + STALE_MS } }), http(401, "error")),
  webhook("a webhook without a time", { payload: { webhookTimestamp: undefined } }, http(401, "error")),
  webhook("a signed webhook that is no JSON", { body: "{" }, http(400, "error")),
  webhook("a signed webhook that is no event", () => ({ body: JSON.stringify({ webhookTimestamp: Date.now(), type: 7 }) }), http(400, "error")),
  webhook("a webhook of something else than a comment", { payload: { type: "Issue" } }, IGNORED),
];

const AUTHORS: readonly GroupedCase[] = [
  comments("a comment of the factory itself that approves", "factory", "waiting", APPROVES, IGNORED),
  webhook("a comment of a bot that approves", { data: { botActor: JSON.stringify({ id: "bot", type: "github" }) } }, IGNORED),
  webhook("a comment of an application that approves", { payload: { actor: { ...user("app", "App"), type: "oauthClient" } } }, IGNORED),
  webhook("a comment of somebody outside the workspace that approves", { data: { externalUser: user("x", "x") } }, IGNORED),
  webhook("a comment of nobody that approves", { data: { user: null } }, IGNORED),
  comments(
    "a comment of somebody who is not registered",
    "mallory",
    "waiting",
    APPROVES,
    http(200, "refused: PERMISSION_DENIED"),
    {},
    { leaves: reply(/Only registered people decide/) },
  ),
  comments("a second comment of somebody who is not registered", "mallory", "waiting", aBlock("reject", { reason: "No." }), IGNORED, {}, { leaves: LOOKED_AT }),
  comments(
    "a comment of a person who is registered for another organisation",
    "ursula",
    "waiting",
    APPROVES,
    http(200, "refused: PERMISSION_DENIED"),
    {},
    { leaves: reply(/registered for another organisation/) },
  ),
  comments(
    "a comment of a person without the verb's scope",
    "hedy",
    "waiting",
    APPROVES,
    http(200, "refused: PERMISSION_DENIED"),
    {},
    { leaves: reply(/you may not use commission/) },
  ),
  comments(
    "a comment of somebody who calls themselves Ada",
    "mallory",
    "two",
    APPROVES,
    http(200, "refused: PERMISSION_DENIED"),
    (world) => ({
      data: { user: { ...user("3a110000-0000-4000-8000-000000000001", "ada"), email: "ada@stand-in.invalid" }, actor: world.linear.options.apiKey },
    }),
    { leaves: reply(/Only registered people decide/) },
  ),
];

const TEXTS: readonly GroupedCase[] = [
  comments("plain words of agreement", "ada", "waiting", "Approved! Commission it, please.", IGNORED),
  comments("a trigger in the middle of a line", "ada", "waiting", `I would say ${APPROVES}`, IGNORED),
  comments("a block that is quoted", "ada", "waiting", APPROVES.replaceAll(/^/gm, "> "), IGNORED),
  comments("a block in a code fence", "ada", "waiting", `\`\`\`\n${APPROVES}\n\`\`\``, IGNORED),
  comments("a block that is indented as code", "ada", "waiting", APPROVES.replaceAll(/^/gm, "    "), IGNORED),
  comments("a block in other letters", "ada", "waiting", APPROVES.replace("DISPOSITION", "Disposition"), IGNORED),
  comments(
    "two blocks in a comment",
    "ada",
    "waiting",
    `${APPROVES}\n\n${APPROVES}`,
    http(200, "refused: INVALID_ARGUMENT"),
    {},
    { leaves: reply(/more than one block/) },
  ),
  comments(
    "a block without a rationale",
    "ada",
    "waiting",
    aBlock("commission", { rationale: "" }),
    http(200, "refused: INVALID_ARGUMENT"),
    {},
    { leaves: reply(/needs the field rationale/) },
  ),
  comments(
    "a block without what was considered",
    "ada",
    "waiting",
    aBlock("commission", { considered: "" }),
    http(200, "refused: INVALID_ARGUMENT"),
    {},
    { leaves: reply(/needs the field considered/) },
  ),
  comments(
    "a block with a field that nobody knows",
    "ada",
    "waiting",
    aBlock("commission", { force: "yes" }),
    http(200, "refused: INVALID_ARGUMENT"),
    {},
    { leaves: reply(/has no field/) },
  ),
  comments("a verb that nobody knows", "ada", "waiting", aBlock("approve"), http(200, "refused: INVALID_ARGUMENT"), {}, { leaves: reply(/There is no verb/) }),
  comments(
    "a verb that does not answer the review",
    "ada",
    "waiting",
    aBlock("resume"),
    http(200, "refused: FAILED_PRECONDITION"),
    {},
    { leaves: reply(/resume is no answer here/) },
  ),
  comments(
    "an answer to a review that was decided",
    "ada",
    "decided",
    APPROVES,
    http(200, "refused: REVIEW_CLOSED"),
    {},
    { leaves: reply(/it is decided already/) },
  ),
];

const EDITED = randomUUID();
const edit = (commentId: string): WebhookChanges => ({
  commentId,
  payload: { action: "update", updatedFrom: { body: "Looks good." } },
  data: { editedAt: "2026-08-04T12:00:00.000Z" },
});
const SEEN = { commentId: randomUUID(), deliveryId: randomUUID() };

const DELIVERIES: readonly GroupedCase[] = [
  comments("an edited comment that approves", "ada", "waiting", APPROVES, IGNORED, edit(EDITED), {
    leaves: reply(/A comment that is edited counts for nothing/),
  }),
  comments("a comment that arrives after the edit that approves", "ada", "waiting", "Looks good.", IGNORED, { commentId: EDITED }),
  comments("a delivery again that was refused", "hedy", "two", APPROVES, http(200, "refused: PERMISSION_DENIED"), SEEN, {
    prepare: (world) => world.linear.deliver(world.door, "hedy", world.sessions.two.issue, APPROVES, SEEN),
  }),
  comments("a delivery again with another text", "ada", "two", APPROVES, http(200, "refused: PERMISSION_DENIED"), SEEN),
  {
    name: "an approval on an issue that shows no escalation",
    call: (world) => world.linear.deliver(world.door, "ada", UNBOUND, APPROVES),
    expected: IGNORED,
  },
  webhook(
    "an approval on an issue of a team that shows nobody's work",
    ({ sessions }) => ({
      data: { issue: { id: sessions.waiting.issue.id, teamId: randomUUID(), team: { id: randomUUID() } } },
    }),
    IGNORED,
  ),
  webhook(
    "an approval on an issue that says it is of another organisation's team",
    ({ sessions }) => ({
      data: { issue: { id: sessions.waiting.issue.id, teamId: OTHER_TEAM, team: { id: OTHER_TEAM } } },
    }),
    IGNORED,
    { leaves: AUTHOR_LOOKED_UP },
  ),
];

const OVERRIDES: readonly GroupedCase[] = [
  comments(
    "an override by the same person from another account",
    "adasPhone",
    "shop",
    anOverride("force-suspend"),
    http(200, "refused: APPROVER_REPEATED"),
    {},
    {
      prepare: (world) => world.linear.deliver(world.door, "ada", world.sessions.shop.issue, anOverride("force-suspend")),
      leaves: reply(/This was not counted again/),
    },
  ),
  comments(
    "an override by a second person in other words",
    "grace",
    "shop",
    anOverride("force-suspend", "Stop it; now."),
    http(200, "refused: ACTION_DIGEST_MISMATCH"),
    {},
    {
      leaves: reply(/another override is waiting/),
    },
  ),
  comments(
    "an override by a second person who may not",
    "hedy",
    "shop",
    anOverride("force-suspend"),
    http(200, "refused: PERMISSION_DENIED"),
    {},
    {
      leaves: reply(/you may not use override/),
    },
  ),
];

/** Linear. */
export const LINEAR_CASES = grouped("Linear", [...NOT_LINEARS, ...AUTHORS, ...TEXTS, ...DELIVERIES, ...OVERRIDES]);
