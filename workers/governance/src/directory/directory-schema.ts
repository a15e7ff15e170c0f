/** Tables of one organisation's directory. */
import type { Migration } from "@factory/durable";

/** Append-only; an entry never changes once it is released. Times are epoch milliseconds. */
export const ORG_DIRECTORY_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-directory",
    statements: [
      `CREATE TABLE organisation (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        name TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT`,
      `CREATE TABLE members (
        member_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        oidc_subject TEXT,
        linear_user_id TEXT,
        status TEXT NOT NULL CHECK (status IN ('active', 'removed')),
        created_at INTEGER NOT NULL
      ) STRICT`,
      // What a removed member was known by is free for whoever comes after.
      "CREATE UNIQUE INDEX members_by_subject ON members (oidc_subject) WHERE status = 'active'",
      "CREATE UNIQUE INDEX members_by_linear_user ON members (linear_user_id) WHERE status = 'active'",
      `CREATE TABLE member_roles (
        member_id TEXT NOT NULL REFERENCES members (member_id),
        role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'approver', 'admin')),
        PRIMARY KEY (member_id, role)
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX member_roles_by_role ON member_roles (role)",
      // The text of a key is nowhere: what is kept is its digest.
      `CREATE TABLE api_keys (
        key_id TEXT PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        label TEXT NOT NULL,
        principal_id TEXT NOT NULL,
        member_id TEXT REFERENCES members (member_id),
        scopes TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('active', 'rotated', 'revoked')),
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        retires_at INTEGER,
        last_used_at INTEGER,
        successor_id TEXT REFERENCES api_keys (key_id),
        CHECK (status <> 'rotated' OR (retires_at IS NOT NULL AND successor_id IS NOT NULL))
      ) STRICT`,
      "CREATE INDEX api_keys_by_member ON api_keys (member_id)",
      `CREATE TABLE signing_keys (
        key_id TEXT PRIMARY KEY,
        algorithm TEXT NOT NULL CHECK (algorithm IN ('HMAC-SHA256', 'Ed25519')),
        uses TEXT NOT NULL,
        material TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('active', 'rotated', 'revoked')),
        created_at INTEGER NOT NULL,
        retires_at INTEGER,
        successor_id TEXT REFERENCES signing_keys (key_id),
        CHECK (status <> 'rotated' OR (retires_at IS NOT NULL AND successor_id IS NOT NULL))
      ) STRICT`,
      `CREATE TABLE issuers (
        issuer TEXT PRIMARY KEY,
        audience TEXT NOT NULL,
        jwks_uri TEXT NOT NULL
      ) STRICT`,
      `CREATE TABLE changes (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        principal_id TEXT NOT NULL,
        person TEXT NOT NULL,
        request_id TEXT NOT NULL,
        what TEXT NOT NULL
      ) STRICT`,
    ],
  },
];
