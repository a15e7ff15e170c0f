/** Members of an organisation and their roles. Somebody can always administer it: the last admin stays one. */
import type { StoragePort } from "@factory/durable";
import { isRecordKey, rolesSchema } from "@factory/governance";
import { FactoryError, kvKey, MEMBER_PATTERN, MEMBER_ROLES, type MemberRole, type Org } from "@factory/schemas";
import type { DirectoryActor, MemberView } from "@factory/schemas/rpc";
import { z } from "zod";
import { checked, iso, type Journal, type PublishedRecord } from "./journal.ts";

/** One line that a person reads. */
export const line = (max: number): z.ZodType<string> =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => text.trim() !== "" && text.isWellFormed() && !/\p{Cc}/u.test(text), "must be one line that is not blank");

const newMember = z.strictObject({
  memberId: z.string().regex(MEMBER_PATTERN, "must be a slug or an e-mail address in lower case"),
  name: line(200),
  roles: rolesSchema.min(1, "must name one role at least").refine((roles) => new Set(roles).size === roles.length, "must not repeat a role"),
  oidcSubject: line(255).nullable(),
  linearUserId: line(128).nullable(),
});
/** What is said of a member. */
export type NewMember = Pick<MemberView, "memberId" | "name" | "roles" | "oidcSubject" | "linearUserId">;

type MemberRow = {
  member_id: string;
  name: string;
  oidc_subject: string | null;
  linear_user_id: string | null;
  status: string;
  created_at: number;
  roles: string | null;
};

const SELECT = `SELECT m.*, (SELECT group_concat(role) FROM member_roles AS r WHERE r.member_id = m.member_id) AS roles FROM members AS m`;

/** The members in the object's SQLite. */
export class MemberBook {
  readonly #storage: StoragePort;
  readonly #journal: Journal;
  readonly #org: Org;
  readonly #now: () => number;

  constructor(deps: { readonly storage: StoragePort; readonly journal: Journal; readonly org: Org; readonly now: () => number }) {
    this.#storage = deps.storage;
    this.#journal = deps.journal;
    this.#org = deps.org;
    this.#now = deps.now;
  }

  /** Everybody, removed members included, in the order they came. */
  all(): MemberView[] {
    return this.#storage.sql.exec<MemberRow>(`${SELECT} ORDER BY m.created_at, m.member_id`).toArray().map(memberView);
  }

  /** Null for whoever never was a member. */
  get(memberId: string): MemberView | null {
    const [row] = this.#storage.sql.exec<MemberRow>(`${SELECT} WHERE m.member_id = ?`, memberId).toArray();
    return row === undefined ? null : memberView(row);
  }

  /** The active member that an OIDC subject stands for; else the removed one, which edges have to know of. */
  bySubject(subject: string): MemberView | null {
    const rows = this.#storage.sql.exec<MemberRow>(`${SELECT} WHERE m.oidc_subject = ? ORDER BY m.status = 'active' DESC, m.created_at DESC LIMIT 1`, subject);
    const [row] = rows.toArray();
    return row === undefined ? null : memberView(row);
  }

  /** How many are active. */
  count(): number {
    return this.#storage.sql.exec<{ members: number }>("SELECT count(*) AS members FROM members WHERE status = 'active'").toArray()[0]?.members ?? 0;
  }

  /**
   * Adds a member, or changes one. A removed member comes back, without their keys.
   *
   * @param alsoChanged - records of keys that hold the roles of a member
   * @throws FactoryError INVALID_ARGUMENT; ALREADY_EXISTS for a subject or a Linear user of another member; FAILED_PRECONDITION for
   *   the last admin's role
   */
  put(request: NewMember, actor: DirectoryActor, alsoChanged: (memberId: string) => readonly PublishedRecord[]): { member: MemberView; changed: boolean } {
    const wanted = checked(newMember, request, "The member");
    const { memberId } = wanted;
    const roles = MEMBER_ROLES.filter((role) => wanted.roles.includes(role));
    const before = this.get(memberId);
    const after: MemberView = { ...wanted, roles, status: "active", createdAt: before?.createdAt ?? iso(this.#now()) };
    if (before !== null && sameMember(before, after)) return { member: before, changed: false };
    if (wanted.oidcSubject !== null && !isRecordKey(kvKey.memberBySubject(this.#org, wanted.oidcSubject))) {
      throw new FactoryError("INVALID_ARGUMENT", "The OIDC subject is too long to be looked up by.");
    }
    this.#requireFree("oidc_subject", wanted.oidcSubject, memberId);
    this.#requireFree("linear_user_id", wanted.linearUserId, memberId);
    if (!roles.includes("admin")) this.#requireOtherAdmin(memberId);
    this.#write(after);
    this.#journal.changed(actor, changeText(before, after), [...subjectRecords(before, after), ...alsoChanged(memberId)]);
    return { member: after, changed: true };
  }

  /**
   * Removes a member; the caller revokes their keys in the same transaction.
   *
   * @returns false when the member was removed before
   * @throws FactoryError NOT_FOUND; FAILED_PRECONDITION for the last admin
   */
  remove(memberId: string): boolean {
    const before = this.get(memberId);
    if (before === null) throw new FactoryError("NOT_FOUND", `There is no member ${memberId.slice(0, 127)}.`);
    if (before.status === "removed") return false;
    this.#requireOtherAdmin(memberId);
    this.#storage.sql.exec("UPDATE members SET status = 'removed' WHERE member_id = ?", memberId);
    this.#storage.sql.exec("DELETE FROM member_roles WHERE member_id = ?", memberId);
    return true;
  }

  #write({ memberId, name, oidcSubject, linearUserId, roles }: MemberView): void {
    this.#storage.sql.exec(
      `INSERT INTO members (member_id, name, oidc_subject, linear_user_id, status, created_at) VALUES (?, ?, ?, ?, 'active', ?)
       ON CONFLICT (member_id) DO UPDATE SET name = excluded.name, oidc_subject = excluded.oidc_subject, linear_user_id = excluded.linear_user_id, status = 'active'`,
      memberId,
      name,
      oidcSubject,
      linearUserId,
      this.#now(),
    );
    this.#storage.sql.exec("DELETE FROM member_roles WHERE member_id = ?", memberId);
    for (const role of roles) this.#storage.sql.exec("INSERT INTO member_roles (member_id, role) VALUES (?, ?)", memberId, role);
  }

  #requireFree(column: "oidc_subject" | "linear_user_id", value: string | null, memberId: string): void {
    const [other] = this.#storage.sql
      .exec<{ member_id: string }>(`SELECT member_id FROM members WHERE ${column} = ? AND status = 'active' AND member_id <> ?`, value, memberId)
      .toArray();
    if (other === undefined) return;
    const what = column === "oidc_subject" ? "OIDC subject" : "Linear user";
    throw new FactoryError("ALREADY_EXISTS", `The ${what} is that of ${other.member_id}: one is one person's.`);
  }

  /** @throws FactoryError FAILED_PRECONDITION when the member is an admin and no other is */
  #requireOtherAdmin(memberId: string): void {
    const admins = this.#storage.sql.exec<{ member_id: string }>("SELECT member_id FROM member_roles WHERE role = 'admin' LIMIT 2").toArray();
    if (admins.length !== 1 || admins[0]?.member_id !== memberId) return;
    throw new FactoryError("FAILED_PRECONDITION", `${memberId} is the last admin of the organisation: make another member an admin first.`);
  }
}

function memberView({
  member_id: memberId,
  name,
  oidc_subject: oidcSubject,
  linear_user_id: linearUserId,
  status,
  created_at: createdAt,
  roles,
}: MemberRow): MemberView {
  const held = (roles ?? "").split(",");
  return {
    memberId,
    name,
    roles: MEMBER_ROLES.filter((role) => held.includes(role)),
    oidcSubject,
    linearUserId,
    status: status === "active" ? "active" : "removed",
    createdAt: iso(createdAt),
  };
}

function sameMember(a: MemberView, b: MemberView): boolean {
  return (
    a.status === b.status && a.name === b.name && a.oidcSubject === b.oidcSubject && a.linearUserId === b.linearUserId && a.roles.join() === b.roles.join()
  );
}

function subjectRecords(before: MemberView | null, after: MemberView): PublishedRecord[] {
  const subjects = new Set([before?.oidcSubject, after.oidcSubject]);
  return [...subjects].flatMap((subject) => (typeof subject === "string" ? [{ kind: "subject" as const, id: subject }] : []));
}

function changeText(before: MemberView | null, after: MemberView): string {
  if (before === null) return `added the member ${after.memberId} (${after.roles.join(", ")})`;
  if (before.status === "removed") return `brought the member ${after.memberId} back (${after.roles.join(", ")})`;
  const changes = [
    ...(before.roles.join() === after.roles.join() ? [] : [`roles from ${rolesText(before.roles)} to ${rolesText(after.roles)}`]),
    ...(before.name === after.name ? [] : ["name"]),
    ...(before.oidcSubject === after.oidcSubject ? [] : ["OIDC subject"]),
    ...(before.linearUserId === after.linearUserId ? [] : ["Linear user"]),
  ];
  return `changed the member ${after.memberId}: ${changes.join("; ")}`;
}

function rolesText(roles: readonly MemberRole[]): string {
  return roles.length === 0 ? "none" : roles.join(", ");
}
