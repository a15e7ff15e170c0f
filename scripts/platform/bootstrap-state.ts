/** What a new platform needs before its first call: credentials, the registry's tables, the org's knowing-state. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defaultKnowingState } from "@factory/gears";
import { kvKey, sha256Hex } from "@factory/schemas";
import { publicKeyOf, readPublicKeys, type EvidenceKeySet } from "@factory/verification/evidence";
import type { Miniflare } from "miniflare";
import type { DevKey } from "../lib/dev-key.ts";
import { REPOSITORY } from "../lib/repository.ts";

/** Scopes of the local key: all that a session's owner needs. */
const DEV_SCOPES = ["session:submit", "session:read", "session:control", "review:decide", "admin"];

/** Puts the local API key (by its digest) and the envelope key where the gateway looks them up. */
export async function seedCredentials(miniflare: Miniflare, key: DevKey, holder = "factory-gateway"): Promise<void> {
  const config = await miniflare.getKVNamespace("CONFIG", holder);
  await config.put(kvKey.org(key.org), JSON.stringify({ org: key.org }));
  await config.put(
    kvKey.apiKey(sha256Hex(key.apiKey)),
    JSON.stringify({ org: key.org, principalId: "dev", scopes: DEV_SCOPES, createdAt: new Date(0).toISOString() }),
  );
  await config.put(
    kvKey.envelopeKey(key.envelopeKeyId),
    JSON.stringify({ keyId: key.envelopeKeyId, org: key.org, algorithm: "HMAC-SHA256", secret: key.envelopeSecret, status: "active" }),
  );
}

/** Publishes the public part of the key that seals evidence; keys that were published before stay, for what they have sealed. */
export async function publishEvidenceKey(miniflare: Miniflare, key: DevKey, holder = "factory-gateway"): Promise<void> {
  const config = await miniflare.getKVNamespace("CONFIG", holder);
  const own = publicKeyOf(key.evidenceKey);
  const before = await config.get(kvKey.evidenceKeys(), "text");
  const keys = [own, ...(before === null ? [] : readPublicKeys(before)).filter(({ kid }) => kid !== own.kid)];
  await config.put(kvKey.evidenceKeys(), JSON.stringify({ keys } satisfies EvidenceKeySet));
}

/** Applies the D1 migrations that are not applied yet, in name order. */
export async function migrateRegistry(miniflare: Miniflare, holder = "factory-commissioning"): Promise<void> {
  const database = await miniflare.getD1Database("DB", holder);
  await database.prepare("CREATE TABLE IF NOT EXISTS d1_migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)").run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
  const applied = new Set(results.map((row) => row.name));
  const directory = join(REPOSITORY, "migrations", "factory");
  for (const name of readdirSync(directory)
    .filter((file) => file.endsWith(".sql"))
    .sort()) {
    if (applied.has(name)) continue;
    const statements = readFileSync(join(directory, name), "utf8")
      .split("--> statement-breakpoint")
      .map((text) => text.trim())
      .filter((text) => text !== "");
    await database.batch([
      ...statements.map((statement) => database.prepare(statement)),
      database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
    ]);
  }
}

/** From outside of workerd a result comes as a proxy whose fields are fetched one by one. */
type ProxiedResult = { readonly ok: PromiseLike<boolean>; readonly message: PromiseLike<string | undefined> };
type Bootstrap = { bootstrapOrg(org: string, beads: readonly unknown[]): Promise<ProxiedResult> };

/** Writes the default policy, trust and consent beads of an org that has none. */
export async function seedKnowingState(miniflare: Miniflare, org: string): Promise<void> {
  const { BOOTSTRAP } = await miniflare.getBindings<{ BOOTSTRAP: Bootstrap }>("factory-graph");
  const answer = await BOOTSTRAP.bootstrapOrg(org, defaultKnowingState(org, Date.now()));
  if (!(await answer.ok)) throw new Error(`The knowing-state of ${org} could not be written: ${await answer.message}`);
}
