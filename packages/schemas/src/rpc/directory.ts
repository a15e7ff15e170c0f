/**
 * RPC of OrgDirectoryDO: one organisation's members, credentials and key registry. It is the authority; what edges read on every
 * request is published from it to KV through its outbox.
 */
import type { SignatureAlgorithm } from "../envelope.ts";
import type { Result } from "../errors.ts";
import type { MemberRole } from "../members.ts";

/** Who changes something: kept in the directory's audit. */
export type DirectoryActor = { readonly principalId: string; readonly person: string; readonly requestId: string };

/** Times are RFC 3339 UTC. */
export type OrgView = {
  readonly org: string;
  readonly name: string;
  readonly createdAt: string;
  readonly members: number;
  readonly keys: number;
  readonly issuers: readonly OidcIssuerView[];
};

export type MemberView = {
  readonly memberId: string;
  readonly name: string;
  readonly roles: readonly MemberRole[];
  /** `sub` of the organisation's OIDC issuer, and the user in Linear; null where they are not known. */
  readonly oidcSubject: string | null;
  readonly linearUserId: string | null;
  readonly status: "active" | "removed";
  readonly createdAt: string;
};

export type ApiKeyView = {
  /** The first characters of its digest: enough to name it, and no secret. */
  readonly keyId: string;
  readonly label: string;
  readonly principalId: string;
  /** The member it belongs to; null for a machine's. */
  readonly memberId: string | null;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  /** Minute resolution; null when it was never used. */
  readonly lastUsedAt: string | null;
  readonly status: "active" | "rotated" | "revoked" | "expired";
  /** The key that took its place; null while none did. */
  readonly successorId: string | null;
};

/** A key with the text that is shown once and stored nowhere. */
export type IssuedKey = { readonly apiKey: string; readonly key: ApiKeyView };

/** What a key of the registry may sign. */
export const SIGNING_USES = ["submission", "kernel", "disposition"] as const;
export type SigningUse = (typeof SIGNING_USES)[number];

/** A key that verifies envelopes of submissions, messages of kernels, or disposition tokens. */
export type SigningKeyView = {
  readonly keyId: string;
  readonly algorithm: SignatureAlgorithm;
  readonly uses: readonly SigningUse[];
  readonly status: "active" | "rotated" | "revoked";
  readonly createdAt: string;
  /** When a rotated key stops verifying; null otherwise. */
  readonly retiresAt: string | null;
};

export type OidcIssuerView = { readonly issuer: string; readonly audience: string; readonly jwksUri: string };

export type NewApiKeyRequest = {
  readonly label: string;
  /** Who acts by it; for a member's key the member. */
  readonly principalId: string;
  readonly memberId: string | null;
  readonly scopes: readonly string[];
  readonly expiresAt: string | null;
};

/** `secret` is base64 of 32 bytes at least for HMAC; `publicKey` base64 of the raw or SPKI form for Ed25519. */
export type NewSigningKeyRequest = {
  readonly keyId: string;
  readonly uses: readonly SigningUse[];
} & ({ readonly algorithm: "HMAC-SHA256"; readonly secret: string } | { readonly algorithm: "Ed25519"; readonly publicKey: string });

/** One thing that was changed, by whom, and what policy allowed it. */
export type DirectoryChange = { readonly seq: number; readonly at: string; readonly actor: DirectoryActor; readonly what: string };

export interface OrgDirectoryRpc {
  /** Makes the organisation; the same again changes nothing. */
  found(name: string, actor: DirectoryActor): Promise<Result<{ created: boolean }>>;
  describe(): Promise<OrgView | null>;
  /** Adds a member or changes one. The last admin keeps the role: FAILED_PRECONDITION. */
  putMember(
    member: Pick<MemberView, "memberId" | "name" | "roles" | "oidcSubject" | "linearUserId">,
    actor: DirectoryActor,
  ): Promise<Result<{ member: MemberView; changed: boolean }>>;
  /** Removes a member and revokes their keys. */
  removeMember(memberId: string, actor: DirectoryActor): Promise<Result<{ revokedKeys: number }>>;
  members(): Promise<readonly MemberView[]>;
  issueKey(request: NewApiKeyRequest, actor: DirectoryActor): Promise<Result<{ issued: IssuedKey }>>;
  /** A successor with the same powers; the old key works for `overlapSeconds` more (7 days at most). */
  rotateKey(keyId: string, overlapSeconds: number, actor: DirectoryActor): Promise<Result<{ issued: IssuedKey }>>;
  revokeKey(keyId: string, actor: DirectoryActor): Promise<Result<{ key: ApiKeyView }>>;
  keys(): Promise<readonly ApiKeyView[]>;
  /** Notes uses, at most one a minute and key; best effort of the edge. Keys by the digest of their text. */
  used(uses: readonly { readonly digest: string; readonly at: number }[]): Promise<void>;
  putSigningKey(request: NewSigningKeyRequest, actor: DirectoryActor): Promise<Result<{ key: SigningKeyView }>>;
  /** The old key verifies for `overlapSeconds` more, the new one from now on. */
  rotateSigningKey(keyId: string, successor: NewSigningKeyRequest, overlapSeconds: number, actor: DirectoryActor): Promise<Result<{ key: SigningKeyView }>>;
  revokeSigningKey(keyId: string, actor: DirectoryActor): Promise<Result<{ key: SigningKeyView }>>;
  signingKeys(): Promise<readonly SigningKeyView[]>;
  putIssuer(issuer: OidcIssuerView, actor: DirectoryActor): Promise<Result>;
  removeIssuer(issuer: string, actor: DirectoryActor): Promise<Result>;
  /** Newest first, strictly before `before` (a seq) where it is given; 100 at most. */
  changes(before: number | null, limit: number): Promise<readonly DirectoryChange[]>;
  poke(): Promise<void>;
}
