/** Sessions that were opened last in this browser. Only ids are kept: what they are called is asked for, and told to whom it may be. */

/** Ids that are kept. */
const MOST = 6;

const keyOf = (org: string): string => `factory.recent.${org}`;
const SESSION_PATH = /^\/sessions\/(SES-[0-9A-Z]+)/;

/** The session that a path is of; null when it is of none. */
export const sessionOfPath = (path: string): string | null => SESSION_PATH.exec(path)?.[1] ?? null;

/** The ids with one more in front, each once. */
export const withRecent = (ids: readonly string[], id: string): readonly string[] => [id, ...ids.filter((other) => other !== id)].slice(0, MOST);

/** Ids from what was kept; what is no list of ids is none. */
export function recentOf(kept: string | null): readonly string[] {
  return (kept ?? "")
    .split(",")
    .filter((id) => sessionOfPath(`/sessions/${id}`) === id)
    .slice(0, MOST);
}

/** Ids of the sessions that somebody of an org opened last, the last one first. */
export const recentSessions = (org: string): readonly string[] => recentOf(localStorage.getItem(keyOf(org)));

/** Keeps that a session was opened. */
export function rememberSession(org: string, id: string): void {
  localStorage.setItem(keyOf(org), withRecent(recentSessions(org), id).join(","));
}
