/** What Linear shows, told so that two runs of the same order can be compared: without ids, times and numbers of issues. */
import type { LinearStandIn } from "../../linear/stand-in.ts";
import type { Comment, Issue } from "../../linear/workspace.ts";

/** Issues by themselves: titles, states, labels, what they belong under, what they wait for and what was said on them. */
export type Picture = readonly string[];

/** A picture of issues; none of it depends on which run it is of. */
export function pictureOf({ workspace }: LinearStandIn, issues: readonly Issue[]): Picture {
  const told = issues.map((issue) => {
    const { title, description, state, labels, parent, comments, id } = issue;
    const waits = workspace.relations.filter(({ relatedIssue }) => relatedIssue.id === id).map(({ type, issue: other }) => `${type} ${plain(other.title)}`);
    return JSON.stringify({
      title: plain(title),
      description: plain(description ?? ""),
      state: state.type,
      labels: labels.map(({ name }) => name).sort(),
      parent: parent === null ? null : plain(parent.title),
      waits: waits.sort(),
      comments: comments.map(({ body }) => plain(body)).sort(),
    });
  });
  return told.sort();
}

/** What the factory itself said on an issue. */
export function saidOn({ comments }: Issue): string[] {
  return comments.filter(isOwn).map(({ body }) => body);
}

const isOwn = ({ user }: Comment): boolean => user.app;

/** Text without what is particular to a run. */
function plain(text: string): string {
  return text
    .replaceAll("\u2060", "")
    .replaceAll("\\", "")
    .replaceAll(/\b([A-Z]{2,9})-[0-9A-HJKMNP-TV-Z]{26}\b/g, "$1")
    .replaceAll(/\bFAC-\d+\b/g, "FAC")
    .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "uuid")
    .replaceAll(/\b[0-9a-f]{12,64}\b/g, "digest")
    .replaceAll(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, "time")
    .replaceAll(/\b\d+(\.\d+)? ?(ms|s|seconds|minutes)\b/g, "duration");
}
