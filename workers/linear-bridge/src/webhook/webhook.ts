/**
 * Linear's webhook: verified, read, and handed to the object of the escalation that its issue shows. 200 for whatever was dealt with,
 * also a refusal: Linear delivers anything else again. 5xx only where that would help.
 */
import { messageOf } from "@factory/durable";
import type { Log } from "@factory/durable";
import type { Refusal } from "@factory/schemas";
import type { CommentOutcome, DispositionRpc, LinearComment, LinearProjectionRpc } from "@factory/schemas/rpc";
import { orgOfTeam } from "../authority/authority-registry.ts";
import type { AuthorityRegistry } from "../authority/authority-registry.ts";
import { parseDisposition } from "../dispositions/grammar.ts";
import { readCommentEvent } from "./comment-event.ts";
import { readBody, verifyWebhook } from "./verification.ts";

/** Where the gateway forwards it to. */
export const WEBHOOK_PATH = "/webhooks/linear";

/** Longest delivery id, in characters; a longer one is no id of Linear's. */
const MAX_DELIVERY_ID_CHARS = 128;

/** What the webhook needs. */
export interface WebhookDeps {
  /** Empty: Linear is not configured, and there is no such route. */
  readonly secret: string;
  /** Null: no organisation has a team. @throws FactoryError UNAVAILABLE when it is not known. */
  readonly authority: () => Promise<AuthorityRegistry | null>;
  readonly issues: (org: string) => Pick<LinearProjectionRpc, "bindingOf" | "isOwn">;
  readonly disposition: (org: string, escalationId: string) => Pick<DispositionRpc, "bind" | "comment">;
  readonly log: Log;
  /** Clock in epoch milliseconds, for durations. */
  readonly now: () => number;
}

/** Answers a request. */
export async function handleWebhook(request: Request, deps: WebhookDeps): Promise<Response> {
  if (deps.secret === "" || new URL(request.url).pathname !== WEBHOOK_PATH) return new Response("Not found\n", { status: 404 });
  if (request.method !== "POST") return new Response("Method not allowed\n", { status: 405, headers: { allow: "POST" } });
  const body = await readBody(request);
  if (body === null) return problem(413, "The body is too large.");
  const verified = verifyWebhook(deps.secret, body, request.headers.get("linear-signature"));
  if (!verified.ok) return refusedRequest(deps, verified.fault);
  const event = readCommentEvent(verified.payload, deliveryId(request));
  if (event === null) return problem(400, "The body is no event.");
  if (!event.ok) return Response.json({ outcome: "ignored", reason: event.ignored });
  return settled(deps, event.comment, () => take(deps, event.comment, event.teamId));
}

function deliveryId(request: Request): string | null {
  const id = request.headers.get("linear-delivery");
  return id === null || id === "" || id.length > MAX_DELIVERY_ID_CHARS ? null : id;
}

/** What is wrong is told to the log and not to who sent it. */
function refusedRequest({ log }: WebhookDeps, fault: "unsigned" | "no JSON"): Response {
  log.event({ op: "webhook.verify", outcome: "refused", durationMs: 0, ids: {}, fields: { fault } });
  return fault === "unsigned" ? problem(401, "The signature or its time does not hold.") : problem(400, "The body is no JSON.");
}

/** Own and other bots' comments, and those on issues that show no escalation, end here. */
async function take(deps: WebhookDeps, comment: LinearComment, teamId: string): Promise<CommentOutcome | Refusal> {
  if (parseDisposition(comment.body).kind === "none") return ignored("The comment holds no disposition.");
  const registry = await deps.authority();
  const org = registry === null ? null : orgOfTeam(registry, teamId);
  if (org === null) return ignored("No organisation is shown in the team of the issue.");
  const issues = deps.issues(org.org);
  if (await issues.isOwn(comment.authorId)) return ignored("The author is the factory's own account or a bot.");
  const binding = await issues.bindingOf(comment.issueId);
  if (binding === null || binding.org !== org.org) return ignored("The issue is bound to no escalation.");
  const object = deps.disposition(org.org, binding.escalationId);
  const bound = await object.bind(binding);
  if (!bound.ok) return bound;
  const answer = await object.comment(comment);
  return answer.ok ? answer.taken : answer;
}

/** A refusal of the call itself says that something did not answer, or is not as it should be: a redelivery may find it better. */
async function settled(
  { log, now }: WebhookDeps,
  { commentId, issueId, deliveryId: delivery }: LinearComment,
  work: () => Promise<CommentOutcome | Refusal>,
): Promise<Response> {
  const startedAt = now();
  const head = { op: "webhook.comment", ids: { delivery, comment: commentId, issue: issueId } };
  try {
    const result = await work();
    const failed = "ok" in result;
    log.event({
      ...head,
      outcome: failed ? "failed" : "ok",
      durationMs: now() - startedAt,
      fields: failed ? { error: `${result.code}: ${result.message}` } : { taken: result.outcome },
    });
    return failed ? problem(503, "The comment could not be taken now.") : Response.json(result);
  } catch (err) {
    log.event({ ...head, outcome: "failed", durationMs: now() - startedAt, fields: { error: messageOf(err) } });
    return problem(503, "The comment could not be taken now.");
  }
}

function problem(status: number, message: string): Response {
  return Response.json({ error: message }, { status });
}

function ignored(reason: string): CommentOutcome {
  return { outcome: "ignored", reason };
}
