/** People of an organisation and what their roles stand for. */

/** What a member may be; a member may be several things at once. */
export const MEMBER_ROLES = ["viewer", "operator", "approver", "admin"] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

/** An organisation's slug: no underscore, so that it can be told from the rest of an API key. */
export const ORG_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** What a member is called inside the organisation: a slug, or an e-mail address in lower case. */
export const MEMBER_PATTERN = /^[a-z0-9][a-z0-9._+@-]{0,126}$/;
