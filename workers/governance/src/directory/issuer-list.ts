/** OIDC issuers whose tokens open an organisation. */
import type { StoragePort } from "@factory/durable";
import { isRecordKey, oidcIssuerRecord } from "@factory/governance";
import { FactoryError, kvKey, type Org } from "@factory/schemas";
import type { DirectoryActor, OidcIssuerView } from "@factory/schemas/rpc";
import { checked, type Journal } from "./journal.ts";

const issuerRequest = oidcIssuerRecord.omit({ org: true });

/** More issuers than any organisation has. */
const MAX_ISSUERS = 16;

type IssuerRow = { issuer: string; audience: string; jwks_uri: string };

/** The issuers in the object's SQLite. */
export class IssuerList {
  readonly #storage: StoragePort;
  readonly #journal: Journal;

  constructor(deps: { readonly storage: StoragePort; readonly journal: Journal }) {
    this.#storage = deps.storage;
    this.#journal = deps.journal;
  }

  all(): OidcIssuerView[] {
    return this.#storage.sql.exec<IssuerRow>("SELECT * FROM issuers ORDER BY issuer").toArray().map(viewOf);
  }

  /** The record that edges read; null for an issuer that opens nothing. */
  record(issuer: string, org: Org): (OidcIssuerView & { readonly org: Org }) | null {
    const [row] = this.#storage.sql.exec<IssuerRow>("SELECT * FROM issuers WHERE issuer = ?", issuer).toArray();
    return row === undefined ? null : { ...viewOf(row), org };
  }

  /** Lets tokens of an issuer in; the same again changes nothing. @throws FactoryError INVALID_ARGUMENT; FAILED_PRECONDITION for one too many */
  put(request: OidcIssuerView, actor: DirectoryActor): void {
    const { issuer, audience, jwksUri } = checked(issuerRequest, request, "The issuer");
    if (!issuer.isWellFormed() || !isRecordKey(kvKey.oidcIssuer(issuer)))
      throw new FactoryError("INVALID_ARGUMENT", "The issuer is too long to be looked up by.");
    const known = this.all();
    const before = known.find((other) => other.issuer === issuer);
    if (before?.audience === audience && before.jwksUri === jwksUri) return;
    if (before === undefined && known.length >= MAX_ISSUERS)
      throw new FactoryError("FAILED_PRECONDITION", `An organisation has at most ${MAX_ISSUERS} issuers.`);
    this.#storage.sql.exec(
      "INSERT INTO issuers (issuer, audience, jwks_uri) VALUES (?, ?, ?) ON CONFLICT (issuer) DO UPDATE SET audience = excluded.audience, jwks_uri = excluded.jwks_uri",
      issuer,
      audience,
      jwksUri,
    );
    this.#journal.changed(actor, `${before === undefined ? "let in" : "changed"} the issuer ${issuer} for ${audience}`, [{ kind: "issuer", id: issuer }]);
  }

  /** No longer lets tokens of an issuer in; one that was not let in stays out. */
  remove(issuer: string, actor: DirectoryActor): void {
    const gone = this.#storage.sql.exec<IssuerRow>("DELETE FROM issuers WHERE issuer = ? RETURNING *", issuer).toArray();
    if (gone.length > 0) this.#journal.changed(actor, `removed the issuer ${issuer}`, [{ kind: "issuer", id: issuer }]);
  }
}

function viewOf({ issuer, audience, jwks_uri: jwksUri }: IssuerRow): OidcIssuerView {
  return { issuer, audience, jwksUri };
}
