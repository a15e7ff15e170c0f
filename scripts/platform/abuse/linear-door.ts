/** Linear's webhooks as anybody could send them who has, or has not, its secret: the stand-in holds the issues, every comment is made up here. */
import { randomBytes, randomUUID } from "node:crypto";
import type { LinearOptions } from "../platform.ts";
import { authorityFor } from "../../linear/demo-steering.ts";
import { LinearStandIn, SEED } from "../../linear/stand-in.ts";
import { signatureOf } from "../../linear/webhook-sender.ts";
import type { Issue, User } from "../../linear/workspace.ts";
import { z } from "zod";
import { http, jsonOf, type Answer } from "./answers.ts";
import type { Door } from "./door.ts";

/** Longest wait for what the factory writes, in milliseconds. */
const PATIENCE_MS = 60_000;
/** The team of an organisation without work. */
export const OTHER_TEAM = "7ea30000-0000-4000-8000-000000000002";

/** Whose comments there are. `adasPhone` is another account of Ada's; Hedy may only let go on; Ursula is of another organisation. */
export const AUTHORS = {
  ada: SEED.ada,
  grace: SEED.grace,
  mallory: SEED.mallory,
  factory: SEED.factory,
  adasPhone: "ada00000-0000-4000-8000-000000000002",
  hedy: "4ed10000-0000-4000-8000-000000000001",
  ursula: "0650a000-0000-4000-8000-000000000001",
} as const;
export type Author = keyof typeof AUTHORS;

type Fields = { readonly [field: string]: unknown };

/** What is said otherwise than in a good delivery; fields that are given take the place of others. */
export type WebhookChanges = {
  readonly commentId?: string;
  readonly deliveryId?: string;
  readonly payload?: Fields;
  readonly data?: Fields;
  /** The whole body, whatever the rest says. */
  readonly body?: string;
  /** Null: no header. */
  readonly signature?: string | null;
  readonly secret?: string;
};

const outcome = z.union([
  z.object({ outcome: z.literal("refused"), code: z.string() }).transform(({ code }) => `refused: ${code}`),
  z.object({ outcome: z.literal("taken"), verb: z.string() }).transform(({ verb }) => `taken: ${verb}`),
  z.object({ outcome: z.string() }).transform(({ outcome: word }) => word),
  z.object({ error: z.string() }).transform(() => "error"),
  z.object({ code: z.string() }).transform(({ code }) => code),
]);

/** Linear, and whoever pretends to be it. Dispose it after the platform. */
export class LinearDoor implements AsyncDisposable {
  readonly standIn: LinearStandIn;
  readonly options: LinearOptions;

  private constructor(standIn: LinearStandIn) {
    this.standIn = standIn;
    const webhookSecret = `lin_wh_${randomBytes(24).toString("base64url")}`;
    this.options = { apiUrl: standIn.apiUrl, apiKey: standIn.keyOf("factory"), webhookSecret, authority: authority() };
  }

  static async start(): Promise<LinearDoor> {
    const standIn = await LinearStandIn.start({ redeliveryScale: 0 });
    const [like] = standIn.workspace.users;
    if (like === undefined) throw new Error("The stand-in has no users.");
    for (const name of ["adasPhone", "hedy", "ursula"] as const) standIn.workspace.users.push(another(like, name));
    return new LinearDoor(standIn);
  }

  /** The issue in which a review is shown, as soon as it is there. */
  issueOf(reviewId: string): Promise<Issue> {
    const shows = ({ description }: Issue): boolean => (description ?? "").replaceAll(/[\u2060\\]/g, "").includes(reviewId);
    return this.standIn.until(`The issue of ${reviewId}`, () => this.standIn.issues().find(shows), PATIENCE_MS);
  }

  /** Comments of the factory on an issue. */
  said(issue: Issue): string[] {
    return issue.comments.filter(({ user }) => user.app).map(({ body }) => body);
  }

  /** All that the factory has ever written in comments. */
  allSaid(): string[] {
    return this.standIn.workspace.comments.filter(({ user }) => user.app).map(({ body }) => body);
  }

  /** What the factory has asked Linear to change, by the mutation's field. The same change again is the same: it has its own id. */
  changes(): string[] {
    const asked = this.standIn.requests.filter(({ user, query }) => user === "factory" && /^\s*mutation\b/.test(query));
    return [...new Map(asked.map(({ fields, variables }) => [JSON.stringify([fields, variables]), fields])).values()].flat();
  }

  /** Delivers a comment; by its status and what it came to. */
  async deliver(door: Door, author: Author, issue: Pick<Issue, "id"> | string, text: string, changes: WebhookChanges = {}): Promise<Answer> {
    const body = changes.body ?? JSON.stringify(this.payload(author, typeof issue === "string" ? issue : issue.id, text, changes));
    const signature = changes.signature === undefined ? signatureOf(body, changes.secret ?? this.options.webhookSecret) : changes.signature;
    const headers = {
      "content-type": "application/json; charset=utf-8",
      "linear-event": "Comment",
      "linear-delivery": changes.deliveryId ?? randomUUID(),
      ...(signature === null ? {} : { "linear-signature": signature }),
    };
    const { status, text: said } = await door.send("/webhooks/linear", { headers, body });
    return http(status, outcome.safeParse(jsonOf(said)).data ?? "no outcome");
  }

  /** What Linear says of a comment. */
  payload(author: Author, issueId: string, body: string, { commentId = randomUUID(), payload = {}, data = {} }: WebhookChanges = {}): Fields {
    const at = new Date().toISOString();
    const user = { id: AUTHORS[author], name: author, email: `${author}@stand-in.invalid`, url: "https://linear.invalid/profile" };
    const team = { id: SEED.team, key: "FAC", name: "Factory" };
    return {
      action: "create",
      actor: { ...user, type: "user" },
      createdAt: at,
      data: {
        id: commentId,
        createdAt: at,
        updatedAt: at,
        body,
        issueId,
        userId: user.id,
        user,
        reactionData: [],
        issue: { id: issueId, teamId: team.id, team },
        ...data,
      },
      url: "https://linear.invalid/comment",
      type: "Comment",
      organizationId: SEED.organization,
      webhookId: "3eb40000-0000-4000-8000-000000000001",
      webhookTimestamp: Date.now(),
      ...payload,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.standIn[Symbol.asyncDispose]();
  }
}

/** A disposition block, with fields that take the place of others; an empty one is left out. */
export function aBlock(verb: string, fields: { readonly [name: string]: string } = {}): string {
  const common = {
    rationale: "What is shown says what the order asks for.",
    considered: "go on as shown; ask for a further constraint",
    rejected: "ask for a further constraint - the examples settle every case",
  };
  const lines = Object.entries({ ...common, ...fields }).filter(([, value]) => value !== "");
  return [`DISPOSITION: ${verb}`, ...lines.map(([name, value]) => `${name}: ${value}`)].join("\n");
}

/** An override that two people have to order. */
export const anOverride = (directive: string, note = "Costs run away; nobody knows why."): string => aBlock("override", { directive, note });

function another(like: User, name: Author): User {
  return { ...like, id: AUTHORS[name], name, displayName: name, email: `${name}@stand-in.invalid`, admin: false, app: false };
}

/** Ada and Grace as in the demo; Ada has a second account, Hedy may little, and Ursula decides for another organisation. */
function authority(): object {
  const added = { addedAt: "2026-01-01T00:00:00Z", addedBy: "abuse" };
  const person = (author: Author, member: string, scopes: readonly string[]): object => ({
    linearUserId: AUTHORS[author],
    name: author,
    member,
    scopes,
    ...added,
  });
  const demo = z.object({ orgs: z.array(z.looseObject({ people: z.array(z.unknown()) })).length(1) });
  const {
    orgs: [own],
    ...rest
  } = demo.loose().parse(authorityFor("local"));
  const everything = ["signal:resume", "signal:commission", "signal:patch", "signal:pipeline-config", "signal:override"];
  return {
    ...rest,
    orgs: [
      { ...own, people: [...(own?.people ?? []), person("adasPhone", "ada", everything), person("hedy", "hedy", ["signal:resume"])] },
      // An organisation without work, so that nothing has to be shown in a team that the stand-in does not have.
      { org: "elsewhere", team: { id: OTHER_TEAM, key: "ELS" }, people: [person("ursula", "ursula", everything)] },
    ],
  };
}
