/** Callers that have proved who they are, and what their credential lets them do. */
import { MEMBER_ROLES, refuse, SIGNAL_SCOPES, type MemberRole, type Org, type Refusal } from "@factory/schemas";
import type { PolicyPrincipal, Principal } from "@factory/schemas/rpc";
import { z } from "zod";

/** Scopes that are not families. */
export const SCOPES = ["session:submit", "session:read", "session:control", "review:decide", "admin"] as const;

/** What a credential may do; `signal:<kind>` is a family, one scope a signal type. */
export type Scope = (typeof SCOPES)[number] | `signal:${string}`;

/** A scope as it is stored and asked for. */
export const scopeSchema = z.union([z.enum(SCOPES), z.templateLiteral(["signal:", z.string().regex(/^[a-z][a-z-]{0,63}$/)])]);

/** What each role lets a member do. A role gives scopes and takes none away. */
export const ROLE_SCOPES: { readonly [role in MemberRole]: readonly Scope[] } = {
  viewer: ["session:read"],
  operator: ["session:read", "session:submit", "session:control"],
  approver: ["session:read", "review:decide"],
  admin: [...SCOPES, ...Object.values(SIGNAL_SCOPES)],
};

/** The scopes of several roles together, each once, in the order of the registry. */
export function scopesOfRoles(roles: readonly MemberRole[]): Scope[] {
  const held = new Set(roles.flatMap((role) => ROLE_SCOPES[role]));
  return ROLE_SCOPES.admin.filter((scope) => held.has(scope));
}

/** Roles as they are stored: each of the registry. */
export const rolesSchema = z.array(z.enum(MEMBER_ROLES)).max(MEMBER_ROLES.length);

/** A caller that has proved who it is. */
export type AuthenticatedPrincipal = {
  /** Names the credential's holder in records: the principal of an API key, the member of a token. */
  readonly id: string;
  readonly kind: "api-key" | "oidc";
  readonly org: Org;
  /** One human being, whatever credential they came with; a machine stands for itself. */
  readonly person: string;
  /** Empty for a machine's key, which has scopes only. */
  readonly roles: readonly MemberRole[];
  readonly scopes: readonly Scope[];
  /** Names the credential and opens nothing: the first characters of a key's digest, or the token's issuer. */
  readonly credentialId: string;
};

/**
 * Refuses a principal without a scope. `admin` stands for itself only: it opens administration, not the sessions.
 *
 * @returns null when the principal has the scope.
 */
export function requireScope(principal: Pick<AuthenticatedPrincipal, "scopes">, needed: Scope): Refusal | null {
  if (principal.scopes.includes(needed)) return null;
  return refuse("PERMISSION_DENIED", `The credential lacks the scope ${needed}.`, { scope: needed });
}

/** The caller as sessions keep it. */
export function sessionPrincipal({ id, kind, org, person }: AuthenticatedPrincipal): Principal {
  return { id, kind, org, person };
}

/** The caller as policy is asked about it. */
export function policyPrincipal({ id, kind, org, person, roles, scopes }: AuthenticatedPrincipal): PolicyPrincipal {
  return { id, kind, org, person, roles: [...roles], scopes: [...scopes] };
}
