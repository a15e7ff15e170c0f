/** Commands about the members of one's organisation. */
import { ListMembersResponseSchema, PutMemberResponseSchema, RemoveMemberResponseSchema, type Member } from "@factory/schemas/proto";
import { UsageError } from "../errors.ts";
import { ABSENT, tableOf } from "../text-table.ts";
import { argument, optionText, type Command, type CommandContext } from "./command.ts";
import { atMost, listOf, moment, tell } from "./org-options.ts";

const USAGE = "member list | member add MEMBER --role R[,R] [--name N] [--oidc-subject S] [--linear-user ID] | member remove MEMBER";

export const member: Command = {
  usage: USAGE,
  summary: "who belongs to your organisation; add or change a member, remove one",
  options: { role: { type: "string", multiple: true }, name: { type: "string" }, "oidc-subject": { type: "string" }, "linear-user": { type: "string" } },
  help: [
    "add MEMBER        adds a member, or changes one: what is not named stays. The same again changes nothing",
    "remove MEMBER     removes a member; their keys stop working within a minute",
    "--role ROLES      viewer (reads), operator (submits, cancels), approver (decides reviews), admin (all of it)",
    "--name N          what people call the member (default: the id)",
    "--oidc-subject S  `sub` in the tokens of the organisation's issuer; empty takes it away",
    "--linear-user ID  the user in Linear; empty takes it away",
  ],
  async run(context) {
    const verb = argument(context, 0, "list, add or remove");
    switch (verb) {
      case "list":
        return list(context);
      case "add":
        return add(context);
      case "remove":
        return remove(context);
      default:
        throw new UsageError(`There is no \`member ${verb}\`.\nUsage: factory ${USAGE}`);
    }
  },
};

async function list(context: CommandContext): Promise<number> {
  atMost(context, 1, USAGE);
  const answer = await context.client().admin.listMembers({});
  return tell(context, ListMembersResponseSchema, answer, () => {
    if (answer.members.length === 0) return ["There are no members."];
    return tableOf(["MEMBER", "NAME", "ROLES", "OIDC SUBJECT", "LINEAR USER", "STATUS", "SINCE"], answer.members.map(rowOf));
  });
}

function rowOf({ memberId, name, roles, oidcSubject, linearUserId, status, createdAt }: Member): string[] {
  return [memberId, name, roles.join(", "), oidcSubject || ABSENT, linearUserId || ABSENT, status, moment(createdAt)];
}

async function add(context: CommandContext): Promise<number> {
  atMost(context, 2, USAGE);
  const memberId = argument(context, 1, "MEMBER");
  const { admin } = context.client();
  const { members } = await admin.listMembers({});
  // Of a member who was removed nothing is taken up again unsaid.
  const known = members.find((one) => one.memberId === memberId && one.status === "active");
  const roles = listOf(context, "role");
  if (roles.length === 0 && known === undefined) throw new UsageError("--role is needed for a new member; see --help.");
  const answer = await admin.putMember({
    memberId,
    name: optionText(context, "name") ?? known?.name ?? memberId,
    roles: roles.length > 0 ? roles : (known?.roles ?? []),
    oidcSubject: optionText(context, "oidc-subject") ?? known?.oidcSubject ?? "",
    linearUserId: optionText(context, "linear-user") ?? known?.linearUserId ?? "",
  });
  return tell(context, PutMemberResponseSchema, answer, () => {
    const now = answer.member?.roles.join(", ") ?? "";
    if (!answer.changed) return [`${memberId}: ${now} already; nothing changes.`];
    return [`${memberId}: ${known === undefined ? "nothing" : known.roles.join(", ")} -> ${now}`];
  });
}

async function remove(context: CommandContext): Promise<number> {
  atMost(context, 2, USAGE);
  const memberId = argument(context, 1, "MEMBER");
  const answer = await context.client().admin.removeMember({ memberId });
  const { revokedKeys } = answer;
  return tell(context, RemoveMemberResponseSchema, answer, () => [
    `${memberId} is removed; ${revokedKeys} ${revokedKeys === 1 ? "key is" : "keys are"} revoked.`,
  ]);
}
