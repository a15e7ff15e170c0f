/** A policy request as Cedar takes it. Only what is known by name is taken over, so nothing of a caller is read as an entity. */
import type { PolicyContext, PolicyRequest } from "@factory/schemas/rpc";
import type { StatefulAuthorizationCall } from "@cedar-policy/cedar-wasm/nodejs";

const NAMESPACE = "Factory";

/** Who is asked about: the part of a call that differs between requests. */
export type CedarRequest = Pick<StatefulAuthorizationCall, "principal" | "action" | "resource" | "context" | "entities">;

/** Each field of the context once; a new one is added here and in `factory.cedarschema`. */
const CONTEXT_FIELDS: { readonly [field in keyof Required<PolicyContext>]: true } = {
  operation: true,
  signal: true,
  reviewMode: true,
  matter: true,
  budgetCents: true,
  suspended: true,
  askedFor: true,
  approvedBy: true,
};

/** @param rootOrg - the platform's own organisation */
export function cedarRequest({ principal, action, resource, context }: PolicyRequest, rootOrg: string): CedarRequest {
  const caller = { type: `${NAMESPACE}::Caller`, id: `${principal.org}/${principal.id}` };
  const target = { type: `${NAMESPACE}::${resource.type}`, id: `${resource.org}/${resource.id}` };
  const { org, person, kind, roles, scopes } = principal;
  return {
    principal: caller,
    action: { type: `${NAMESPACE}::Action`, id: action },
    resource: target,
    context: contextOf(context),
    entities: [
      { uid: caller, attrs: { org, person, kind, roles: [...roles], scopes: [...scopes], ofRoot: org === rootOrg }, parents: [] },
      { uid: target, attrs: { org: resource.org }, parents: [] },
    ],
  };
}

function contextOf(context: PolicyContext): CedarRequest["context"] {
  const known: CedarRequest["context"] = {};
  for (const [field, value] of Object.entries(context)) {
    if (Object.hasOwn(CONTEXT_FIELDS, field) && value !== undefined) known[field] = value;
  }
  return known;
}
