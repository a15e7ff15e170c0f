/** The stand-in's one page: the issues with their comments, and a form to comment as one of the people. */
import { htmlText } from "@factory/governance/untrusted-text";
import type { Comment, Issue, User, Workspace } from "./workspace.ts";

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1d1d1f; background: #fff; }
article { border: 1px solid #d8d8dd; border-radius: 8px; margin: 1.5rem 0; padding: 1rem; }
h2 { font-size: 1.1rem; margin: 0; } .meta { color: #5c5c66; font-size: 0.85rem; }
pre { background: #f5f5f7; border-radius: 6px; overflow-x: auto; padding: 0.75rem; white-space: pre-wrap; }
textarea { box-sizing: border-box; font: inherit; min-height: 7rem; width: 100%; }
@media (prefers-color-scheme: dark) { body { background: #1d1d1f; color: #f0f0f2; } article { border-color: #44444c; } pre { background: #2a2a2e; } .meta { color: #a8a8b3; } }
`;

/** The page's policy: no script, no frame, nothing from elsewhere. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The whole page; what people and the factory wrote is shown as they wrote it and does nothing. */
export function issuesPage(workspace: Workspace): string {
  const people = workspace.users.filter(({ app }) => !app);
  const issues = workspace.issues.toReversed().map((issue) => issueHtml(issue, people));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Linear, stood in for</title>
<style>${STYLE}</style>
<h1>Issues</h1>
<p class="meta">A stand-in for Linear on this machine. What you write here the factory gets as Linear's webhook.</p>
${issues.length === 0 ? "<p>No issue yet.</p>" : issues.join("\n")}
</html>
`;
}

function issueHtml(issue: Issue, people: readonly User[]): string {
  const { id, identifier, title, description, state, labels, creator, parent } = issue;
  const meta = [state.name, ...labels.map(({ name }) => name), `by ${creator.name}`, ...(parent === null ? [] : [`part of ${parent.identifier}`])];
  const options = people.map((user) => `<option value="${htmlText(user.id)}">${htmlText(user.name)}</option>`).join("");
  return `<article id="${htmlText(identifier)}">
<h2>${htmlText(identifier)} ${htmlText(title)}</h2>
<p class="meta">${htmlText(meta.join(" · "))}</p>
${description === null ? "" : `<pre>${htmlText(description)}</pre>`}
${issue.comments.map(commentHtml).join("\n")}
<form method="post" action="/comments">
<input type="hidden" name="issue" value="${htmlText(id)}">
<p><label>Comment as <select name="user">${options}</select></label></p>
<p><textarea name="body" required aria-label="Comment on ${htmlText(identifier)}"></textarea></p>
<p><button>Comment</button></p>
</form>
</article>`;
}

function commentHtml({ user, createdAt, body }: Comment): string {
  return `<p class="meta">${htmlText(user.name)}, ${htmlText(createdAt)}</p>\n<pre>${htmlText(body)}</pre>`;
}
