/** Commands about what governs agents: knowing-state, trust. */
import { toJson, type JsonObject } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  GetKnowingStateResponseSchema,
  SetTrustResponseSchema,
  TrustStatus,
  type GetKnowingStateResponse,
  type GoverningPart,
  type GovernanceEntry,
  type RevokeTrustResponse,
  type SetTrustResponse,
  type Trust,
} from "@factory/schemas/proto";
import { stringify } from "yaml";
import { EXIT, UsageError } from "../errors.ts";
import { oneLine, paintFor, type Paint } from "../terminal-text.ts";
import { argument, optionText, type Command, type CommandContext } from "./command.ts";
import { standardOutput } from "./sessions.ts";

export const knowingState: Command = {
  usage: "knowing-state ROLE [--subject S]",
  summary: "what governs an agent in a role now, why, and who said so",
  options: { subject: { type: "string" } },
  help: ["--subject S     who acts in the role (default agent:ROLE)"],
  async run(context) {
    const answer = await context.client().admin.getKnowingState({ role: argument(context, 0, "ROLE"), subjectId: optionText(context, "subject") ?? "" });
    if (context.values["json"] === true) {
      // A message's JSON is an object.
      const state = toJson(GetKnowingStateResponseSchema, answer, { alwaysEmitImplicit: true }) as JsonObject;
      context.print(JSON.stringify({ outcome: "COMPLETED", ...state }));
      return EXIT.completed;
    }
    for (const line of stateLines(answer, paintFor(standardOutput().isTTY, context.env))) context.print(line);
    return EXIT.completed;
  },
};

function stateLines(state: GetKnowingStateResponse, paint: Paint): string[] {
  const { role, subjectId, autonomy, grants, rules, openAmendments, history } = state;
  const part = (name: string, of: GoverningPart | undefined): string[] =>
    of === undefined ? [] : [`  ${name.padEnd(8)} ${of.autonomy.padEnd(16)} ${oneLine(of.reason)}${of.beadId === "" ? "" : `  ${paint("dim", of.beadId)}`}`];
  const section = (name: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ["", paint("bold", name), ...lines.map((line) => `  ${line}`)];
  return [
    `${paint("bold", `${role} as ${subjectId}: ${autonomy}`)}, the least of`,
    ...part("policy", state.policy),
    ...part("trust", state.trust),
    ...part("consent", state.consent),
    ...section("consented to", grants.length === 0 ? [] : [grants.join(", ")]),
    ...section("rules", rules === undefined || Object.keys(rules).length === 0 ? [] : stringify(rules, { lineWidth: 0 }).trimEnd().split("\n")),
    ...section(
      "open amendments",
      openAmendments.map(
        ({ amendmentId, beadId, targetType, targetId, rationale }) => `${amendmentId || beadId} of ${targetType} ${targetId}: ${oneLine(rationale)}`,
      ),
    ),
    ...section("history", history.map(entryLine)),
  ];
}

function entryLine({ type, subject, summary, writtenBy, writtenAt }: GovernanceEntry): string {
  const when = writtenAt === undefined ? "" : timestampDate(writtenAt).toISOString();
  return `${when}  ${type} of ${subject}  ${oneLine(summary)}  (${writtenBy})`;
}

const TRUST_USAGE = "trust set SUBJECT SCORE --rationale T [--expires ISO] [--suspend] | trust revoke SUBJECT --rationale T";

export const trust: Command = {
  usage: TRUST_USAGE,
  summary: "say how far a subject such as agent:coder is trusted, or end it",
  options: { rationale: { type: "string" }, expires: { type: "string" }, suspend: { type: "boolean" } },
  help: [
    "SCORE           0 to 1: from 0.9 EXECUTE_FULL, from 0.7 EXECUTE_BOUNDED, from 0.5 PROPOSE, else SUGGEST",
    "--rationale T   why; kept with the change",
    "--expires ISO   when it ends, such as 2027-01-01T00:00:00Z (default: never)",
    "--suspend       keep the score, and let it count again only after another `trust set`",
  ],
  async run(context) {
    const verb = argument(context, 0, "set or revoke");
    const subjectId = argument(context, 1, "SUBJECT");
    const rationale = optionText(context, "rationale") ?? "";
    if (rationale.trim() === "") throw new UsageError("--rationale is needed: it says why, and is kept with the change.");
    switch (verb) {
      case "set":
        return tell(context, subjectId, await context.client().admin.setTrust({ subjectId, rationale, ...wantedOf(context) }));
      case "revoke":
        if (context.positionals.length > 2) throw new UsageError(`Usage: factory ${TRUST_USAGE}`);
        return tell(context, subjectId, await context.client().admin.revokeTrust({ subjectId, rationale }));
      default:
        throw new UsageError(`There is no \`trust ${verb}\`.\nUsage: factory ${TRUST_USAGE}`);
    }
  },
};

function wantedOf(context: CommandContext): { score: number; expiresAt: string; status: TrustStatus } {
  const text = argument(context, 2, "SCORE");
  const score = Number(text);
  if (text.trim() === "" || !(score >= 0 && score <= 1)) throw new UsageError("SCORE is a number from 0 to 1; see --help.");
  const status = context.values["suspend"] === true ? TrustStatus.SUSPENDED : TrustStatus.APPROVED;
  return { score, expiresAt: optionText(context, "expires") ?? "", status };
}

function tell(context: CommandContext, subjectId: string, answer: SetTrustResponse | RevokeTrustResponse): number {
  const { changed, beadId, previousBeadId, previous, trust: now } = answer;
  if (context.values["json"] === true) {
    const shown = toJson(SetTrustResponseSchema, { ...answer, $typeName: SetTrustResponseSchema.typeName }) as JsonObject;
    context.print(
      JSON.stringify({
        outcome: "COMPLETED",
        subject: subjectId,
        changed,
        beadId,
        previousBeadId,
        previous: shown["previous"] ?? null,
        trust: shown["trust"] ?? null,
      }),
    );
    return EXIT.completed;
  }
  const before = previous === undefined ? "nothing" : trustText(previous);
  context.print(changed ? `${subjectId}: ${before} -> ${trustText(now)}\n${beadId}` : `${subjectId}: ${trustText(now)} already; nothing changes.`);
  return EXIT.completed;
}

function trustText(of: Trust | undefined): string {
  if (of === undefined) return "nothing";
  return `${of.status} ${of.score}${of.expiresAt === "" ? "" : ` until ${of.expiresAt}`} (${oneLine(of.rationale)})`;
}
