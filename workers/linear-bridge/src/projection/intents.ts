/** What is to be done outside, as rows of the outbox carry it. Text in them is Markdown already. */
import type { EscalationBinding } from "@factory/schemas/rpc";
import type { BindingSubject } from "./model.ts";

/** Types of a team's workflow states that issues are moved to. */
export type StateType = "backlog" | "unstarted" | "started" | "completed" | "canceled";

/** A new issue. */
export type IssueDraft = {
  readonly subject: BindingSubject;
  readonly title: string;
  readonly description: string;
  readonly state: StateType;
  readonly labels: readonly string[];
  /** The thing whose issue it belongs under. */
  readonly parent: BindingSubject | null;
  /** 0 none, 1 urgent, 2 high, 3 normal, 4 low. */
  readonly priority: number;
};

/** One thing to do. What changes until it is done is read when it is done. */
export type Intent =
  | { readonly do: "issue"; readonly draft: IssueDraft }
  | { readonly do: "bead-issue"; readonly sessionId: string; readonly subject: BindingSubject }
  | { readonly do: "bead-state"; readonly sessionId: string; readonly subject: BindingSubject }
  | { readonly do: "issue-state"; readonly subject: BindingSubject; readonly state: StateType; readonly labels: readonly string[] }
  | { readonly do: "comment"; readonly key: string; readonly issueId: string; readonly body: string; readonly unlessDecidedIn?: string }
  | { readonly do: "blocks"; readonly fromIssue: string; readonly toIssue: string }
  | { readonly do: "supersede"; readonly subject: BindingSubject; readonly by: readonly BindingSubject[]; readonly reason: string; readonly move: boolean }
  | { readonly do: "closing"; readonly sessionId: string; readonly body: string; readonly trailers: readonly Trailer[] }
  | { readonly do: "bind"; readonly binding: EscalationBinding }
  | { readonly do: "close"; readonly escalationId: string; readonly reviewId: string; readonly decision: string; readonly decidedBy: string }
  | { readonly do: "surface"; readonly assembly: string; readonly hypothesisId: string; readonly period: string };

/** A line `Factory-<name>: <value>`, as it would stand under a commit message. */
export type Trailer = readonly [name: string, value: string];

/** Whom the outbox calls. */
export type IntentTarget = "linear" | "disposition" | "graph";

/** The receiver of an intent. */
export function targetOf(intent: Intent): IntentTarget {
  if (intent.do === "bind" || intent.do === "close") return "disposition";
  return intent.do === "surface" ? "graph" : "linear";
}
