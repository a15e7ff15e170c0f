/** What a webhook of Linear says, as far as it matters: a comment on an issue. Pure. */
import type { LinearComment } from "@factory/schemas/rpc";
import { z } from "zod";

const id = z.string().min(1).max(128);
/** A person, as Linear names one. */
const user = z.object({ id, name: z.string().max(1_000) });

// Linear adds fields as it likes; what is signed is its own and is read as far as it is known.
const anyEvent = z.object({ type: z.string(), action: z.string() });
const commentEvent = z.object({
  action: z.enum(["create", "update"]),
  createdAt: z.iso.datetime({ offset: true }),
  actor: z.object({ type: z.string().nullish() }).nullish(),
  updatedFrom: z.record(z.string(), z.unknown()).nullish(),
  data: z.object({
    id,
    body: z.string(),
    createdAt: z.iso.datetime({ offset: true }),
    editedAt: z.iso.datetime({ offset: true }).nullish(),
    botActor: z.unknown().optional(),
    externalUser: z.unknown().optional(),
    user: user.nullish(),
    issue: z.object({ id, teamId: id.nullish(), team: z.object({ id }).nullish() }).nullish(),
  }),
});

/** A comment with the team of its issue, or why there is nothing to do. */
export type CommentEvent = { readonly ok: true; readonly comment: LinearComment; readonly teamId: string } | { readonly ok: false; readonly ignored: string };

/** Actors of Linear that are no person: applications and integrations. */
function isPerson(type: string | null | undefined): boolean {
  return type === undefined || type === null || type.toLowerCase() === "user";
}

/**
 * Reads a verified payload. Null for what is no event at all.
 *
 * @param deliveryId - `linear-delivery` header; null where it is missing, and the comment then stands for itself
 */
export function readCommentEvent(payload: unknown, deliveryId: string | null): CommentEvent | null {
  const head = anyEvent.safeParse(payload);
  if (!head.success) return null;
  const { type, action } = head.data;
  if (type !== "Comment" || (action !== "create" && action !== "update")) return ignored(`${type} ${action} is not looked at.`.slice(0, 200));
  const parsed = commentEvent.safeParse(payload);
  if (!parsed.success) return ignored("The comment cannot be read.");
  const { data, actor, updatedFrom } = parsed.data;
  const { user: author, issue } = data;
  // A change of anything but the text, such as a reaction or a resolved thread, is no edit.
  if (action === "update" && !Object.hasOwn(updatedFrom ?? {}, "body")) return ignored("The text of the comment is unchanged.");
  if (author === undefined || author === null || isThere(data.externalUser)) return ignored("The author is nobody of the workspace.");
  if (isThere(data.botActor) || !isPerson(actor?.type)) return ignored("The author is a bot.");
  const teamId = issue?.team?.id ?? issue?.teamId;
  if (issue === undefined || issue === null || teamId === undefined || teamId === null) return ignored("The comment is on no issue.");
  const editedAt = data.editedAt ?? (action === "update" ? parsed.data.createdAt : null);
  const comment = { commentId: data.id, issueId: issue.id, authorId: author.id, authorName: author.name, body: data.body, createdAt: data.createdAt, editedAt };
  return { ok: true, teamId, comment: { deliveryId: deliveryId ?? `comment:${data.id}:${action}`, ...comment } };
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function ignored(reason: string): CommentEvent {
  return { ok: false, ignored: reason };
}
