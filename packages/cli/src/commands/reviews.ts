/** Commands that decide a review: approve, reject, amend. Each shows the exact action and binds its digest. */
import { StreamMode } from "@factory/schemas/proto";
import { EXIT, UsageError } from "../errors.ts";
import { argument, type Command, type CommandContext } from "./command.ts";

type Asked = { readonly action: string; readonly actionDigest: string; readonly prompt: string };

/** What the review asks, from the session's own events. @throws UsageError when the session never asked it. */
async function findReview(context: CommandContext, sessionId: string, reviewId: string): Promise<Asked> {
  let asked: Asked | undefined;
  const request = { sessionId, fromSequence: 0n, streamMode: StreamMode.STATE_TRANSITIONS, replayOnly: true };
  for await (const { event } of context.client().gateway.resumeStream(request)) {
    if (event?.payload.case !== "reviewPrompt" || event.payload.value.reviewId !== reviewId) continue;
    const { action, actionDigest, promptText } = event.payload.value;
    asked = { action, actionDigest, prompt: promptText };
  }
  if (asked !== undefined) return asked;
  throw new UsageError(`${sessionId} never asked for ${reviewId}; \`factory status ${sessionId}\` shows what is open.`);
}

function decide(verb: string, decision: string, noteNeeded: boolean, summary: string): Command {
  return {
    usage: `${verb} SESSION REVIEW ${noteNeeded ? "--note TEXT" : "[--note TEXT]"}`,
    summary,
    options: { note: { type: "string" } },
    help: ["--note TEXT     kept with the decision"],
    async run(context) {
      const sessionId = argument(context, 0, "SESSION");
      const reviewId = argument(context, 1, "REVIEW");
      const note = typeof context.values["note"] === "string" ? context.values["note"] : "";
      if (noteNeeded && note.trim() === "") throw new UsageError(`\`factory ${verb}\` needs --note: it is the answer.`);
      const asked = await findReview(context, sessionId, reviewId);
      const answer = await context.client().gateway.acknowledgeReview({ sessionId, reviewId, decision, note, actionDigest: asked.actionDigest });
      context.print(
        context.values["json"] === true
          ? JSON.stringify({ accepted: answer.accepted, reason: answer.reason, ...asked })
          : `${decision}: ${asked.action}\n${answer.reason}`,
      );
      return answer.accepted ? EXIT.completed : EXIT.failed;
    },
  };
}

export const approve = decide("approve", "approved", false, "approve the action a review shows");
export const reject = decide("reject", "rejected", true, "reject it, with the reason");
export const amend = decide("amend", "amended", true, "answer it: the note is the answer or the added instruction");
