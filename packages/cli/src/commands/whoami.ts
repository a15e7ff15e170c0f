/** The command that tells who one is to the platform. */
import { WhoAmIResponseSchema } from "@factory/schemas/proto";
import { oneLine } from "../terminal-text.ts";
import { ABSENT } from "../text-table.ts";
import type { Command } from "./command.ts";
import { atMost, tell } from "./org-options.ts";

const USAGE = "whoami [options]";

export const whoami: Command = {
  usage: USAGE,
  summary: "who you are to the platform, and what you may do",
  async run(context) {
    atMost(context, 0, USAGE);
    const answer = await context.client().admin.whoAmI({});
    const { org, principalId, person, kind, roles, scopes } = answer;
    const list = (names: readonly string[]): string => (names.length === 0 ? ABSENT : names.map(oneLine).join(", "));
    return tell(context, WhoAmIResponseSchema, answer, () => [
      `${oneLine(principalId)} of ${oneLine(org)}`,
      `  person      ${oneLine(person)}`,
      `  credential  ${kind === "oidc" ? "OIDC token" : "API key"}`,
      `  roles       ${list(roles)}`,
      `  scopes      ${list(scopes)}`,
    ]);
  },
};
