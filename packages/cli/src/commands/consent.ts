/** The command that says which tools a role may call. */
import { toJson, type JsonObject } from "@bufbuild/protobuf";
import { SetConsentResponseSchema, type Consent, type RevokeConsentResponse, type SetConsentResponse } from "@factory/schemas/proto";
import { EXIT, UsageError } from "../errors.ts";
import { oneLine, paintFor } from "../terminal-text.ts";
import { argument, optionText, type Command, type CommandContext } from "./command.ts";
import { standardOutput } from "./sessions.ts";

const USAGE = "consent set ROLE --grant TOOL[,TOOL] [--expires ISO] | consent revoke ROLE";

export const consent: Command = {
  usage: USAGE,
  summary: "say which tools a role such as coder may call, or end it",
  options: { grant: { type: "string", multiple: true }, expires: { type: "string" } },
  help: [
    "--grant TOOLS   all tools the role may call from now on, such as read_file,write_file; may be given again",
    "--expires ISO   when it ends, such as 2027-01-01T00:00:00Z (default: never)",
  ],
  async run(context) {
    const verb = argument(context, 0, "set or revoke");
    const role = argument(context, 1, "ROLE");
    if (context.positionals.length > 2) throw new UsageError(`Tools are named with --grant, with commas and no spaces between them.\nUsage: factory ${USAGE}`);
    switch (verb) {
      case "set":
        return tell(
          context,
          role,
          await context.client().admin.setConsent({ role, grants: grantsOf(context), expiresAt: optionText(context, "expires") ?? "" }),
        );
      case "revoke":
        if (context.values["grant"] !== undefined || context.values["expires"] !== undefined) {
          throw new UsageError("`consent revoke` ends all of it and takes no options; to take one tool away, `consent set` the others.");
        }
        return tell(context, role, await context.client().admin.revokeConsent({ role }));
      default:
        throw new UsageError(`There is no \`consent ${verb}\`.\nUsage: factory ${USAGE}`);
    }
  },
};

/** The tools that are named; none only where that is said. */
function grantsOf(context: CommandContext): string[] {
  const given = context.values["grant"];
  if (!Array.isArray(given)) throw new UsageError("--grant is needed: it names every tool the role may call; see --help.");
  return given.flatMap((text) => (typeof text !== "string" || text.trim() === "" ? [] : text.split(",").map((name) => name.trim())));
}

function tell(context: CommandContext, role: string, answer: SetConsentResponse | RevokeConsentResponse): number {
  const { changed, beadId, previous, consent: now, added, removed } = answer;
  if (context.values["json"] === true) {
    // Both answers have the same fields; a message's JSON is an object.
    const shown = toJson(SetConsentResponseSchema, { ...answer, $typeName: SetConsentResponseSchema.typeName }, { alwaysEmitImplicit: true }) as JsonObject;
    context.print(JSON.stringify({ outcome: "COMPLETED", role, ...shown, previous: shown["previous"] ?? null, consent: shown["consent"] ?? null }));
    return EXIT.completed;
  }
  if (!changed) {
    context.print(`${role}: ${consentText(now)} already; nothing changes.`);
    return EXIT.completed;
  }
  const paint = paintFor(standardOutput().isTTY, context.env);
  context.print(`${role}: ${consentText(previous)} -> ${consentText(now)}`);
  for (const name of added) context.print(paint("green", `+ ${oneLine(name)}`));
  for (const name of removed) context.print(paint("red", `- ${oneLine(name)}`));
  context.print(beadId);
  return EXIT.completed;
}

function consentText(of: Consent | undefined): string {
  if (of === undefined) return "nothing";
  // What a revocation ended counts for nothing; the lines below it say what is gone.
  if (of.status !== "ACTIVE") return of.status;
  return `${of.status} ${oneLine(of.grants.join(", ")) || "no tools"}${of.expiresAt === "" ? "" : ` until ${of.expiresAt}`}`;
}
