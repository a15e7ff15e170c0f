/** The methods of `factory.v1.FactoryAdmin` that say whose OIDC tokens open the caller's organisation. */
import { isJwksUri, isRecordKey, oidcIssuerRecord } from "@factory/governance";
import { FactoryError, kvKey } from "@factory/schemas";
import type { OidcIssuer, PutIssuerRequest, RemoveIssuerRequest } from "@factory/schemas/proto";
import { abortable } from "../abortable.ts";
import { raise } from "../connect-errors.ts";
import type { GatewayDeps } from "../deps.ts";
import type { CallScope } from "../sessions.ts";
import { actorOf } from "./directory-view.ts";
import { refuseProblems, type FieldProblem } from "./field-problems.ts";

/** Longest audience and address of a key set, in characters. */
const MAX_AUDIENCE_CHARS = 256;
const MAX_URI_CHARS = 1_024;

/**
 * Lets tokens of an issuer in. An issuer opens one organisation, and whoever has it keeps it: with one of its own an admin could
 * lock others out.
 *
 * @throws FactoryError INVALID_ARGUMENT with every problem, ALREADY_EXISTS; what the directory refuses
 */
export async function putIssuer(deps: GatewayDeps, scope: CallScope, { issuer }: PutIssuerRequest): Promise<Record<string, never>> {
  const { org } = scope.principal;
  if (issuer === undefined) throw new FactoryError("INVALID_ARGUMENT", "issuer is missing.");
  refuseProblems(issuerProblems(issuer));
  const wanted = { issuer: issuer.issuer, audience: issuer.audience, jwksUri: issuer.jwksUri };
  const holder = oidcIssuerRecord.safeParse(await deps.records(kvKey.oidcIssuer(wanted.issuer)));
  if (holder.success && holder.data.org !== org) throw new FactoryError("ALREADY_EXISTS", "The issuer is another organisation's.");
  const answer = await abortable(scope.signal, deps.directory(org).putIssuer(wanted, actorOf(scope)));
  return answer.ok ? {} : raise(answer);
}

/** No longer lets tokens of an issuer in. @throws FactoryError INVALID_ARGUMENT; what the directory refuses */
export async function removeIssuer(deps: GatewayDeps, scope: CallScope, { issuer }: RemoveIssuerRequest): Promise<Record<string, never>> {
  refuseProblems(nameProblems("issuer", issuer));
  const answer = await abortable(scope.signal, deps.directory(scope.principal.org).removeIssuer(issuer, actorOf(scope)));
  return answer.ok ? {} : raise(answer);
}

function issuerProblems({ issuer, audience, jwksUri }: OidcIssuer): FieldProblem[] {
  const audienceFits = audience !== "" && audience.length <= MAX_AUDIENCE_CHARS;
  const uriFits = jwksUri.length <= MAX_URI_CHARS && isJwksUri(jwksUri);
  return [
    ...nameProblems("issuer.issuer", issuer),
    ...(audienceFits ? [] : [{ field: "issuer.audience", problem: `must have 1 to ${MAX_AUDIENCE_CHARS} characters.` }]),
    ...(uriFits ? [] : [{ field: "issuer.jwks_uri", problem: "must be an https address without credentials." }]),
  ];
}

/** As it stands in `iss`, to the letter: a URL over TLS, or on this machine, as that of its keys. */
function nameProblems(field: string, issuer: string): FieldProblem[] {
  const fits = issuer.isWellFormed() && isRecordKey(kvKey.oidcIssuer(issuer)) && isJwksUri(issuer);
  return fits ? [] : [{ field, problem: "must be the https address that the tokens have in `iss`." }];
}
