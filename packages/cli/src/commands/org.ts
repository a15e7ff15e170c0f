/** Commands about organisations: show the own one, make another, what was changed, whose tokens open it. */
import {
  CreateOrgResponseSchema,
  GetOrgResponseSchema,
  ListOrgChangesResponseSchema,
  PutIssuerResponseSchema,
  RemoveIssuerResponseSchema,
  type Org,
} from "@factory/schemas/proto";
import { UsageError } from "../errors.ts";
import { oneLine } from "../terminal-text.ts";
import { tableOf } from "../text-table.ts";
import { argument, optionText, type Command, type CommandContext } from "./command.ts";
import { atMost, moment, needed, SHOWN_ONCE, tell } from "./org-options.ts";
import { messages, subscriber, SUBSCRIBER_HELP, SUBSCRIBER_USAGE } from "./subscribers.ts";

const USAGE = `org show | org create ORG --name N --admin MEMBER [--admin-name N] | org changes [--limit N] [--before SEQ] | org issuer put URL --audience A --jwks URL | org issuer remove URL | ${SUBSCRIBER_USAGE}`;

export const org: Command = {
  usage: USAGE,
  summary: "your organisation and what was changed in it, whose OIDC tokens open it, who is told what happens; make one",
  options: {
    name: { type: "string" },
    admin: { type: "string" },
    "admin-name": { type: "string" },
    limit: { type: "string" },
    before: { type: "string" },
    audience: { type: "string" },
    jwks: { type: "string" },
  },
  help: [
    "show            its members, keys and issuers, and what two people have suspended",
    "create ORG      makes it with its first admin, whose key is shown once; admins of the platform's own organisation may. Again: nothing changes",
    "changes         what was changed, by whom, newest first",
    "issuer put URL  lets in the tokens that have URL in `iss`; who they are for is a matter of the members",
    "issuer remove   no longer lets them in",
    ...SUBSCRIBER_HELP,
    "--name N        of `create`: what people call the organisation",
    "--admin MEMBER  of `create`: the first admin's id, a slug or an e-mail address (--admin-name: the name)",
    "--limit N       of `changes` and `messages`: 1 to 100 (default 50); --before SEQ goes on with older ones",
    "--audience A    of `issuer put`: what the tokens have in `aud`",
    "--jwks URL      of `issuer put`: where the issuer's keys are, https",
  ],
  async run(context) {
    const verb = argument(context, 0, "show, create, changes, issuer, subscriber or messages");
    switch (verb) {
      case "show":
        return show(context);
      case "create":
        return create(context);
      case "changes":
        return changes(context);
      case "issuer":
        return issuer(context);
      case "subscriber":
        return subscriber(context);
      case "messages":
        return messages(context, { limit: wholeNumber(context, "limit", 100), before: wholeNumber(context, "before", 0xffffffff) });
      default:
        throw new UsageError(`There is no \`org ${verb}\`.\nUsage: factory ${USAGE}`);
    }
  },
};

async function show(context: CommandContext): Promise<number> {
  atMost(context, 1, USAGE);
  const answer = await context.client().admin.getOrg({});
  return tell(context, GetOrgResponseSchema, answer, () => orgLines(answer.org));
}

function orgLines(shown: Org | undefined): string[] {
  if (shown === undefined) return [];
  const { org: slug, name, createdAt, members, keys, issuers, suspensions } = shown;
  const issuerRows = issuers.map(({ issuer: url, audience, jwksUri }) => [url, audience, jwksUri]);
  const suspended = suspensions.map(
    ({ assembly, by, since, reason }) =>
      `SUSPENDED ${assembly === "" ? "the whole organisation" : assembly} by ${by.map(oneLine).join(" and ")} since ${moment(since)}: ${oneLine(reason)}`,
  );
  const table = tableOf(["ISSUER", "AUDIENCE", "KEYS AT"], issuerRows);
  return [
    `${slug}  ${oneLine(name)}`,
    `  made     ${moment(createdAt)}`,
    `  members  ${members}`,
    `  keys     ${keys}`,
    ...(table.length === 0 ? [] : ["", ...table]),
    ...(suspended.length === 0 ? [] : ["", ...suspended]),
  ];
}

async function create(context: CommandContext): Promise<number> {
  atMost(context, 2, USAGE);
  const slug = argument(context, 1, "ORG");
  const adminMemberId = needed(context, "admin", "the first admin's id");
  const name = needed(context, "name", "what people call the organisation");
  const answer = await context.client().admin.createOrg({ org: slug, name, adminMemberId, adminName: optionText(context, "admin-name") ?? adminMemberId });
  const { created, issued } = answer;
  return tell(context, CreateOrgResponseSchema, answer, () => [
    created ? `${slug} is made.` : `${slug} is there already${issued === undefined ? "; nothing changes" : ""}.`,
    ...(issued === undefined ? [] : ["", issued.apiKey, "", `The key of ${adminMemberId}, who is its admin. ${SHOWN_ONCE}`]),
  ]);
}

async function changes(context: CommandContext): Promise<number> {
  atMost(context, 1, USAGE);
  const answer = await context.client().admin.listOrgChanges({ limit: wholeNumber(context, "limit", 100), before: wholeNumber(context, "before", 0xffffffff) });
  return tell(context, ListOrgChangesResponseSchema, answer, () => {
    const rows = answer.changes.map(({ seq, at, person, principalId, what }) => [
      String(seq),
      moment(at),
      person === principalId ? person : `${person} (${principalId})`,
      what,
    ]);
    return rows.length === 0 ? ["There are no changes."] : tableOf(["SEQ", "WHEN", "WHO", "WHAT"], rows);
  });
}

/** 0 without the option, which leaves it to the platform. */
function wholeNumber(context: CommandContext, name: string, most: number): number {
  const text = optionText(context, name);
  if (text === undefined) return 0;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > most) throw new UsageError(`--${name} is a whole number from 1 to ${most}; see --help.`);
  return value;
}

async function issuer(context: CommandContext): Promise<number> {
  atMost(context, 3, USAGE);
  const verb = argument(context, 1, "put or remove");
  const url = argument(context, 2, "URL");
  const { admin } = context.client();
  switch (verb) {
    case "put": {
      const audience = needed(context, "audience", "what the tokens have in `aud`");
      const jwksUri = needed(context, "jwks", "where the issuer's keys are");
      const answer = await admin.putIssuer({ issuer: { issuer: url, audience, jwksUri } });
      return tell(context, PutIssuerResponseSchema, answer, () => [`Tokens of ${url} for ${audience} are let in; members are found by \`--oidc-subject\`.`]);
    }
    case "remove":
      return tell(context, RemoveIssuerResponseSchema, await admin.removeIssuer({ issuer: url }), () => [`Tokens of ${url} are no longer let in.`]);
    default:
      throw new UsageError(`There is no \`org issuer ${verb}\`.\nUsage: factory ${USAGE}`);
  }
}
