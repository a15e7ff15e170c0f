/** What a new platform needs before its first call: credentials, the registry's tables, the org's knowing-state. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defaultKnowingState } from "@factory/gears";
import { scopesOfRoles } from "@factory/governance";
import { kvKey, MEMBER_ROLES, sha256Hex } from "@factory/schemas";
import { publicKeyOf, readPublicKeys, type EvidenceKeySet } from "@factory/verification/evidence";
import type { Miniflare } from "miniflare";
import type { DevKey } from "../lib/dev-key.ts";
import { REPOSITORY } from "../lib/repository.ts";

/** Longest wait until edges know the credentials, in milliseconds; a store that fails now and then is asked again. */
const PUBLISH_TIMEOUT_MS = 30_000;
const PUBLISH_POLL_MS = 50;

type Adopted = ProxiedResult & { readonly pending: PromiseLike<number> };
type Directories = { adoptOrg(org: string, first: ReturnType<typeof firstState>): Promise<Adopted> };

/**
 * Founds the organisation with its member, the local API key (by its digest) and the keys that verify its submissions and the
 * bridge's dispositions. State of before there was a directory is taken over; what people have changed since stays.
 */
export async function foundOrganisation(miniflare: Miniflare, key: DevKey): Promise<void> {
  const { BOOTSTRAP } = await miniflare.getBindings<{ BOOTSTRAP: Directories }>("factory-governance");
  const endAt = Date.now() + PUBLISH_TIMEOUT_MS;
  for (;;) {
    const answer = await BOOTSTRAP.adoptOrg(key.org, firstState(key));
    if (!(await answer.ok)) throw new Error(`The organisation ${key.org} could not be founded: ${await answer.message}`);
    const pending = await answer.pending;
    if (pending === 0) return;
    if (Date.now() > endAt) throw new Error(`${pending} records of ${key.org} were not published in ${PUBLISH_TIMEOUT_MS / 1_000} seconds.`);
    await new Promise((resolve) => setTimeout(resolve, PUBLISH_POLL_MS));
  }
}

const DEV_MEMBER = "dev";

function firstState(key: DevKey) {
  const { kid = "", x = "" } = key.dispositionKey;
  return {
    name: "Local development",
    member: { memberId: DEV_MEMBER, name: "Local developer", roles: [...MEMBER_ROLES], oidcSubject: null, linearUserId: null },
    key: {
      digest: sha256Hex(key.apiKey),
      label: "local development",
      principalId: DEV_MEMBER,
      memberId: DEV_MEMBER,
      scopes: scopesOfRoles(MEMBER_ROLES),
      expiresAt: null,
    },
    signingKeys: [
      { keyId: key.envelopeKeyId, uses: ["submission"], algorithm: "HMAC-SHA256", secret: key.envelopeSecret },
      { keyId: String(kid), uses: ["disposition"], algorithm: "Ed25519", publicKey: Buffer.from(x, "base64url").toString("base64") },
    ],
  };
}

/** Publishes the public part of the key that seals evidence; keys that were published before stay, for what they have sealed. */
export async function publishEvidenceKey(miniflare: Miniflare, key: DevKey, holder = "factory-gateway"): Promise<void> {
  const config = await miniflare.getKVNamespace("CONFIG", holder);
  const own = publicKeyOf(key.evidenceKey);
  const before = await config.get(kvKey.evidenceKeys(), "text");
  const keys = [own, ...(before === null ? [] : readPublicKeys(before)).filter(({ kid }) => kid !== own.kid)];
  await config.put(kvKey.evidenceKeys(), JSON.stringify({ keys } satisfies EvidenceKeySet));
}

/** Publishes who may decide in Linear; without a registry the one that was there goes, so that nothing is permitted. */
export async function publishLinearAuthority(miniflare: Miniflare, authority: unknown, holder = "factory-gateway"): Promise<void> {
  const config = await miniflare.getKVNamespace("CONFIG", holder);
  if (authority === undefined) await config.delete(kvKey.linearAuthority());
  else await config.put(kvKey.linearAuthority(), JSON.stringify(authority));
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
