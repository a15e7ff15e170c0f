/** The people and machines of two organisations, each with a credential, and credentials that no longer count. */
import type { FactoryClient } from "@factory/cli";
import { createFactoryClient } from "@factory/cli";
import { FactoryAdmin } from "@factory/schemas/proto";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Door } from "./door.ts";
import type { OidcIssuer } from "./issuer.ts";

/** The second organisation. */
export const OTHER_ORG = "acme";

/** Subjects of the issuers' tokens: Ann of the first organisation, the admin of the second, and nobody. */
export const SUBJECTS = { ann: "subject-ann", other: "subject-root", nobody: "subject-nobody" } as const;

/** How long the key that expires lives, in milliseconds: shorter than making the world takes. */
const SHORT_LIFE_MS = 4_000;
/** An edge may remember a record for a minute. */
const FORGOTTEN_WITHIN_MS = 90_000;
const POLL_MS = 200;

/** Members of the first organisation; Ann is also known to its issuer. */
const MEMBERS = [
  { memberId: "vera", roles: ["viewer"] },
  { memberId: "otto", roles: ["operator"] },
  { memberId: "ann", roles: ["approver"], oidcSubject: SUBJECTS.ann },
  { memberId: "ben", roles: ["approver"] },
  { memberId: "adam", roles: ["admin"] },
  { memberId: "dora", roles: ["operator"] },
  { memberId: "rolf", roles: ["operator"] },
] as const;

/** Machines, by the one scope that each has. */
const MACHINES = { reader: "session:read", submitter: "session:submit", controller: "session:control", registrar: "admin" } as const;

/** Values of an `Authorization` header. Of people by name, of machines by what they do, and of keys that do not count by why. */
export type Keys = {
  readonly [
    name in
      | (typeof MEMBERS)[number]["memberId"]
      | keyof typeof MACHINES
      | "dev"
      | "annDecides"
      | "revoked"
      | "rotatedOut"
      | "expired"
      | "otherAdmin"
      | "otherReader"
  ]: string;
};

/** Ids of keys, as they are listed. */
export type KeyIds = { readonly dev: string; readonly otherAdmin: string };

/** What populating needs. */
export type Place = { readonly door: Door; readonly devKey: string; readonly issuer: OidcIssuer; readonly otherIssuer: OidcIssuer };

/** Makes both organisations, and waits until edges know every credential as it is to be. */
export async function populate({ door, devKey, issuer, otherIssuer }: Place): Promise<{ readonly keys: Keys; readonly keyIds: KeyIds }> {
  const { admin } = createFactoryClient({ url: door.url, apiKey: devKey });
  for (const { memberId, roles, ...more } of MEMBERS) await admin.putMember({ memberId, name: memberId, roles: [...roles], ...more });
  await admin.putIssuer({ issuer: { issuer: issuer.issuer, audience: issuer.audience, jwksUri: issuer.jwksUri } });
  const expired = await issue(admin, { label: "expires", memberId: "otto", expiresAt: timestampFromMs(Date.now() + SHORT_LIFE_MS) });
  const revoked = await issue(admin, { label: "revoked", memberId: "otto" });
  await admin.revokeKey({ keyId: revoked.keyId });
  const rotated = await issue(admin, { label: "rotated", memberId: "otto" });
  await admin.rotateKey({ keyId: rotated.keyId, overlapSeconds: 0 });
  const members = await named(MEMBERS, ({ memberId }) => [memberId, issue(admin, { label: memberId, memberId })]);
  const machines = await named(Object.entries(MACHINES), ([machine, scope]) => [machine, issue(admin, { label: machine, machine, scopes: [scope] })]);
  const annDecides = await issue(admin, { label: "decides", memberId: "ann", scopes: ["review:decide"] });
  // Their keys have the scopes of before; what their holders may is less, or nothing.
  await admin.putMember({ memberId: "dora", name: "dora", roles: ["viewer"] });
  await admin.removeMember({ memberId: "rolf" });
  const other = await foundOther(door, admin, otherIssuer);
  const dev = (await admin.listKeys({})).keys.find(({ label }) => label === "local development");
  const keys: Keys = {
    // Built from the tables above, by the names that the type has.
    ...(headers({ ...members, ...machines }) as Pick<Keys, (typeof MEMBERS)[number]["memberId"] | keyof typeof MACHINES>),
    dev: `Bearer ${devKey}`,
    ...headers({ annDecides, revoked, expired, rotatedOut: rotated, otherAdmin: other.admin, otherReader: other.reader }),
  };
  await Promise.all([
    ...Object.entries(keys).map(([name, key]) =>
      untilKnown(door, name, key, ["revoked", "expired", "rotatedOut", "rolf"].includes(name) ? "UNAUTHENTICATED" : "OK"),
    ),
    untilKnown(door, "Ann's token", `Bearer ${await issuer.token(SUBJECTS.ann)}`, "OK"),
    untilKnown(door, "the other admin's token", `Bearer ${await otherIssuer.token(SUBJECTS.other)}`, "OK"),
  ]);
  return { keys, keyIds: { dev: dev?.keyId ?? "", otherAdmin: other.admin.keyId } };
}

type Issued = { readonly apiKey: string; readonly keyId: string };
type Admin = FactoryClient["admin"];

async function issue(admin: Admin, request: Parameters<Admin["issueKey"]>[0]): Promise<Issued> {
  const { issued } = await admin.issueKey(request);
  return { apiKey: issued?.apiKey ?? "", keyId: issued?.key?.keyId ?? "" };
}

async function foundOther(door: Door, root: Admin, issuer: OidcIssuer): Promise<{ readonly admin: Issued; readonly reader: Issued }> {
  const { issued } = await root.createOrg({ org: OTHER_ORG, name: "Acme", adminMemberId: "root", adminName: "Root" });
  const first = { apiKey: issued?.apiKey ?? "", keyId: issued?.key?.keyId ?? "" };
  await untilKnown(door, "the other organisation's first key", `Bearer ${first.apiKey}`, "OK");
  const { admin } = createFactoryClient({ url: door.url, apiKey: first.apiKey });
  await admin.putMember({ memberId: "root", name: "Root", roles: ["admin"], oidcSubject: SUBJECTS.other });
  await admin.putIssuer({ issuer: { issuer: issuer.issuer, audience: issuer.audience, jwksUri: issuer.jwksUri } });
  return { admin: first, reader: await issue(admin, { label: "reader", machine: "reader", scopes: ["session:read"] }) };
}

/** Waits until an edge answers a credential so: a directory tells edges through its outbox. */
async function untilKnown(door: Door, name: string, authorization: string, code: string): Promise<void> {
  const until = Date.now() + FORGOTTEN_WITHIN_MS;
  for (;;) {
    const answer = await door.connect(FactoryAdmin.method.whoAmI, {}, authorization);
    if (answer.code === code) return;
    if (Date.now() > until) throw new Error(`${name} is still answered ${answer.code}, not ${code}.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function named<T>(rows: readonly T[], make: (row: T) => readonly [string, Promise<Issued>]): Promise<{ readonly [name: string]: Issued }> {
  const made = await Promise.all(rows.map(make).map(async ([name, issued]) => [name, await issued] as const));
  return Object.fromEntries(made);
}

function headers<N extends string>(issued: { readonly [name in N]: Issued }): { [name in N]: string } {
  // `fromEntries` forgets the names.
  return Object.fromEntries(Object.entries<Issued>(issued).map(([name, { apiKey }]) => [name, `Bearer ${apiKey}`])) as { [name in N]: string };
}
