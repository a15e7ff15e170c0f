/** Linear's part in the demo: the stand-in, who may decide in it, and a person who answers what the factory asks there. */
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline/promises";
import type { FactoryClient, ReviewView } from "@factory/cli";
import { LineageDirection } from "@factory/schemas/proto";
import { z } from "zod";
import type { LinearOptions } from "../platform/platform.ts";
import { LinearStandIn, SEED } from "./stand-in.ts";
import type { Comment, Issue, PersonName } from "./workspace.ts";

/** Where the platform takes Linear's webhooks. */
const WEBHOOK_PATH = "/webhooks/linear";
/** Linear's pauses before a redelivery, at a demo's pace: 0.6 s, 36 s, 3.6 min. */
const REDELIVERY_SCALE = 0.01;
/** Longest wait for what the factory writes, in milliseconds. */
const PATIENCE_MS = 60_000;

/** What the bridge answered to a comment's webhook. */
const commentAnswer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("ignored"), reason: z.string() }),
  z.object({ outcome: z.literal("refused"), code: z.string(), message: z.string() }),
  z.object({ outcome: z.literal("waiting"), approvals: z.number(), needed: z.number() }),
  z.object({ outcome: z.literal("taken"), verb: z.string(), dispositionEventId: z.string() }),
]);
type CommentAnswer = z.infer<typeof commentAnswer>;

/** How the demo talks to whoever runs it. */
export type Talk = { readonly say: (text: string) => void; readonly isTerminal: boolean };

/** A decision that was taken: the record of who decided what, and the issue it was decided on. */
export type Steered = { readonly dispositionEventId: string; readonly issue: Issue };

/** A stand-in that the platform shows its work in. Dispose it after the platform. */
export class LinearSteering implements AsyncDisposable {
  readonly standIn: LinearStandIn;
  /** What the platform is told. */
  readonly options: LinearOptions;

  private constructor(standIn: LinearStandIn, options: LinearOptions) {
    this.standIn = standIn;
    this.options = options;
  }

  /** Starts a stand-in whose webhooks go to a platform on this port. */
  static async start(platformPort: number, org: string, standInPort?: number): Promise<LinearSteering> {
    const standIn = await LinearStandIn.start({ redeliveryScale: REDELIVERY_SCALE, ...(standInPort === undefined ? {} : { port: standInPort }) });
    const webhookSecret = `lin_wh_${randomBytes(24).toString("base64url")}`;
    standIn.addWebhook({ url: `http://127.0.0.1:${platformPort}${WEBHOOK_PATH}`, secret: webhookSecret });
    return new LinearSteering(standIn, { apiUrl: standIn.apiUrl, apiKey: standIn.keyOf("factory"), webhookSecret, authority: authorityFor(org) });
  }

  /**
   * Shows the issue in which a review asks a person, and has one answer there: at a terminal whoever sits at it, else with the
   * example. Undefined when what was said was not taken and nobody is there to say more.
   */
  async answer(review: ReviewView, { say, isTerminal }: Talk): Promise<Steered | undefined> {
    const issue = await this.issueOf(review.reviewId);
    say(`\nA person is needed. ${issue.identifier} in Linear (${this.standIn.url}/#${issue.identifier}):\n`);
    say(
      indented(`${issue.identifier}  ${issue.title}\n[${issue.state.name}] ${issue.labels.map(({ name }) => name).join(", ")}\n\n${issue.description ?? ""}`),
    );
    const example = exampleFor(review.matter);
    for (;;) {
      const body = isTerminal ? await askComment(example) : example;
      say(`\nAda comments on ${issue.identifier}:\n\n${indented(body)}\n`);
      const taken = await this.#comment("ada", issue, body);
      // An override is two people's; the second agrees to the very same block.
      const answered = taken.outcome === "waiting" ? await this.#comment("grace", issue, body) : taken;
      if (answered.outcome === "taken") return { dispositionEventId: answered.dispositionEventId, issue };
      say(`Not taken: ${answered.outcome === "ignored" ? answered.reason : answered.outcome === "refused" ? answered.message : "another person has to agree"}`);
      if (!isTerminal) return undefined;
    }
  }

  /** The issue in which a review is shown, as soon as it is there. */
  async issueOf(reviewId: string): Promise<Issue> {
    const find = (): Issue | undefined => this.standIn.issues().find(({ description }) => plain(description ?? "").includes(reviewId));
    return this.standIn.until(`The issue of ${reviewId}`, find, PATIENCE_MS);
  }

  /** What the factory wrote on an issue after a comment of a person, as soon as there is something. */
  async reply(issue: Issue): Promise<Comment> {
    return this.standIn.until(
      `The result on ${issue.identifier}`,
      () => {
        const last = issue.comments.findLastIndex(({ user }) => !user.app);
        return issue.comments.slice(last + 1).find(({ user }) => user.app);
      },
      PATIENCE_MS,
    );
  }

  /** One line an issue, where each stands once the session's own is closed; those that are there when that takes too long. */
  async issueLines(sessionId: string): Promise<string[]> {
    // The issues under it name the session too.
    const isSessions = ({ description, parent }: Issue): boolean => parent === null && plain(description ?? "").includes(sessionId);
    const closed = (): true | undefined => this.standIn.issues().some((issue) => issue.state.type === "completed" && isSessions(issue)) || undefined;
    const late = await this.standIn.until("The session's issue as closed", closed, PATIENCE_MS).then(
      (): string[] => [],
      (err: unknown) => [err instanceof Error ? err.message : String(err)],
    );
    return late.concat(this.#lines());
  }

  #lines(): string[] {
    return this.standIn
      .issues()
      .map(
        ({ identifier, title, state, comments }) =>
          `${identifier}  ${state.name.padEnd(11)}  ${title}${comments.length === 0 ? "" : ` (${comments.length} ${comments.length === 1 ? "comment" : "comments"})`}`,
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.standIn[Symbol.asyncDispose]();
  }

  /** Comments, and waits for what the webhook is answered. */
  async #comment(name: PersonName, issue: Issue, body: string): Promise<CommentAnswer> {
    const comment = this.standIn.commentAs(name, issue.id, body);
    const delivery = await this.standIn.until(
      `An answer to the comment on ${issue.identifier}`,
      () => this.standIn.deliveries().find(({ payload, attempts }) => idOf(payload["data"]) === comment.id && attempts.at(-1) === 200),
      PATIENCE_MS,
    );
    return commentAnswer.parse(JSON.parse(delivery.answer));
  }
}

/** The records of a decision and what they rest on, cause after effect: the elucidation first. */
export async function lineageOf(client: FactoryClient, dispositionEventId: string): Promise<readonly string[]> {
  const walk = { assembly: "", depth: 0, limit: 0 };
  const { effects } = await client.admin.lineage({ ...walk, artifactId: dispositionEventId, direction: LineageDirection.EFFECTS });
  const elucidation = effects?.nodes.find(({ type }) => type === "ElucidationArtifact" || type === "RejectionRecord");
  if (elucidation === undefined) return [dispositionEventId];
  const { causes } = await client.admin.why({ ...walk, artifactId: elucidation.id });
  const others = (causes?.nodes ?? []).map(({ id }) => id).filter((id) => id !== elucidation.id && id !== dispositionEventId);
  return [elucidation.id, dispositionEventId, ...others];
}

const idOf = (data: unknown): unknown => (typeof data === "object" && data !== null ? Reflect.get(data, "id") : undefined);

/** Markdown without its escapes and invisible joiners. */
const plain = (markdown: string): string => markdown.replaceAll("\u2060", "").replaceAll("\\", "");

/** Text as a block under a line of ours. */
export const indented = (text: string): string =>
  text
    .split("\n")
    .map((line) => `  | ${line}`.trimEnd())
    .join("\n");

/** A comment that decides: as shown, with what else was thought of. */
export function exampleFor(matter: string): string {
  return [
    `DISPOSITION: ${matter === "approval" ? "commission" : "resume"}`,
    "rationale: What is shown says what the order asks for, and its examples can be checked by hand.",
    "considered: go on as shown; ask for a further constraint",
    "rejected: ask for a further constraint - the examples settle every case that matters",
  ].join("\n");
}

/** Asks for a comment: the example on Enter, else what is typed up to an empty line. */
async function askComment(example: string): Promise<string> {
  console.log(`\nYour comment as Ada, ended by an empty line; Enter alone takes this one:\n\n${indented(example)}\n`);
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const lines: string[] = [];
    for (let line = await prompt.question("> "); line !== ""; line = await prompt.question("> ")) lines.push(line);
    return lines.length === 0 ? example : lines.join("\n");
  } finally {
    prompt.close();
  }
}

/** Ada and Grace may decide everything; whoever else comments may not. */
export function authorityFor(org: string): object {
  const scopes = ["signal:resume", "signal:commission", "signal:patch", "signal:pipeline-config", "signal:override"];
  const person = (name: "ada" | "grace"): object => ({
    linearUserId: SEED[name],
    name: `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    member: name,
    scopes,
    addedAt: "2026-01-01T00:00:00Z",
    addedBy: "demo",
  });
  return {
    schemaVersion: 1,
    version: 1,
    orgs: [{ org, team: { id: SEED.team, key: "FAC" }, project: SEED.project, people: [person("ada"), person("grace")] }],
    approvals: { override: 2 },
  };
}
