/** Commands for who runs the factory: the read model, and tokens for runners outside. */
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { SessionLag } from "@factory/schemas/proto";
import { EXIT, UsageError } from "../errors.ts";
import { argument, optionText, type Command, type CommandContext } from "./command.ts";
import { health, limitOf, operations } from "./operations.ts";

const USAGE =
  "admin operations [--limit N] | admin health SESSION | admin reproject SESSION | admin lag [SESSION] [--limit N] | admin producer-token SESSION --streams A,B --ttl T [--producer NAME]";

const SECONDS: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3_600 };

export const admin: Command = {
  usage: USAGE,
  summary: "how the factory does, the objects of a session, how far the read model is behind; make rows again, tokens for runners outside",
  options: { limit: { type: "string" }, streams: { type: "string" }, ttl: { type: "string" }, producer: { type: "string" } },
  help: [
    "operations              Workers, dead letters, leases and rescues, outboxes, read model, the organisation's own objects, storage",
    "health SESSION          each object that a session has used: state, storage, outbox, alarm, leases, last error",
    "reproject SESSION       takes the session's rows away and makes them again from its log",
    "lag [SESSION]           how far rows are behind logs: of one session, or of those that have not ended",
    "producer-token SESSION  a token by which a runner outside appends to the session's log; it is shown once",
    "--limit N               sessions at most, 1 to 100: of `lag` (default 20), of `operations` (default 50)",
    "--streams A,B           of `producer-token`: sessionEvents, beadUpdates, artifactWrites",
    "--ttl T                 of `producer-token`: its life, such as 90s, 30m or 24h, which is the most",
    "--producer NAME         of `producer-token`: what the runner is called (default runner)",
  ],
  async run(context) {
    const verb = argument(context, 0, "operations, health, reproject, lag or producer-token");
    switch (verb) {
      case "operations":
        return operations(context);
      case "health":
        return health(context);
      case "reproject":
        return reproject(context);
      case "lag":
        return lag(context);
      case "producer-token":
        return producerToken(context);
      default:
        throw new UsageError(`There is no \`admin ${verb}\`.\nUsage: factory ${USAGE}`);
    }
  },
};

async function reproject(context: CommandContext): Promise<number> {
  const sessionId = argument(context, 1, "SESSION");
  const { seq, tipSeq, quarantined } = await context.client().admin.reproject({ sessionId });
  if (context.values["json"] === true) {
    context.print(JSON.stringify({ outcome: "COMPLETED", session: sessionId, seq: Number(seq), tipSeq: Number(tipSeq), quarantined }));
  } else {
    context.print(`${sessionId}: ${seq} of ${tipSeq} events${quarantined === 0 ? "" : `, ${quarantined} of them unreadable`}`);
  }
  return EXIT.completed;
}

async function lag(context: CommandContext): Promise<number> {
  const sessionId = context.positionals[1] ?? "";
  const { sessions, more } = await context.client().admin.projectionLag({ sessionId, limit: limitOf(context) });
  if (context.values["json"] === true) {
    context.print(JSON.stringify({ outcome: "COMPLETED", more, sessions: sessions.map(lagJson) }));
    return EXIT.completed;
  }
  if (sessions.length === 0) context.print("The terminal event of every session is in the read model.");
  for (const session of sessions) context.print(lagLine(session));
  if (more) context.print("There are more; see --limit.");
  return EXIT.completed;
}

/** Null for a log that did not answer: how far its rows are behind is not known. */
function behind({ seq, tipSeq }: SessionLag): number | null {
  return tipSeq === undefined ? null : Number(tipSeq - seq);
}

function lagJson(session: SessionLag): object {
  const { sessionId, seq, tipSeq, closed, quarantined, updatedAt } = session;
  return {
    session: sessionId,
    seq: Number(seq),
    tipSeq: tipSeq === undefined ? null : Number(tipSeq),
    behind: behind(session),
    closed,
    quarantined,
    updatedAt: updatedAt === undefined ? null : timestampDate(updatedAt).toISOString(),
  };
}

function lagLine(session: SessionLag): string {
  const { sessionId, seq, tipSeq, quarantined, updatedAt } = session;
  const missing = behind(session);
  return [
    sessionId,
    `${seq} of ${tipSeq ?? "?"}`,
    missing === null ? "its log does not answer" : missing === 0 ? "up to date" : `${missing} behind`,
    ...(quarantined === 0 ? [] : [`${quarantined} unreadable`]),
    updatedAt === undefined ? "never projected" : timestampDate(updatedAt).toISOString(),
  ].join("  ");
}

async function producerToken(context: CommandContext): Promise<number> {
  const sessionId = argument(context, 1, "SESSION");
  const streams = (optionText(context, "streams") ?? "").split(",").filter((name) => name !== "");
  if (streams.length === 0) throw new UsageError("--streams is needed: it names what the token opens.");
  const producer = optionText(context, "producer") ?? "runner";
  const { token, tokenId, expiresAt } = await context.client().admin.issueProducerToken({ sessionId, streams, ttlSeconds: ttlOf(context), producer });
  const expires = expiresAt === undefined ? "" : timestampDate(expiresAt).toISOString();
  if (context.values["json"] === true) {
    context.print(JSON.stringify({ outcome: "COMPLETED", session: sessionId, producer, streams, token, tokenId, expiresAt: expires }));
  } else {
    context.print(`${token}\n\n${producer} may append to ${streams.join(", ")} of ${sessionId} until ${expires} (${tokenId}).`);
  }
  return EXIT.completed;
}

function ttlOf(context: CommandContext): number {
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(optionText(context, "ttl") ?? "") ?? [];
  const seconds = SECONDS[unit ?? ""];
  if (count === undefined || seconds === undefined) throw new UsageError("--ttl is needed: the token's life, such as 90s, 30m or 24h.");
  return Number(count) * seconds;
}
