/** `factory.v1.FactoryAdmin`: what the factory knows and what governs its agents. */
import type { ServiceImpl } from "@connectrpc/connect";
import type { FactoryAdmin } from "@factory/schemas/proto";
import { revokeConsent, setConsent } from "./consent-service.ts";
import type { GatewayDeps } from "../deps.ts";
import { knowingStateOf } from "./knowing-state-service.ts";
import { impactOf, lineageOf, whyOf } from "./lineage-service.ts";
import { objectHealthOf } from "./object-health-service.ts";
import { operationsOf } from "./operations-service.ts";
import { applyPolicy } from "./policy-service.ts";
import { issueToken } from "./producer-token-service.ts";
import { projectionLag, reproject } from "./read-model-service.ts";
import { unary } from "../sessions.ts";
import { revokeTrust, setTrust } from "./trust-service.ts";

/** The service over the gateway's dependencies. */
export function adminService(deps: GatewayDeps): ServiceImpl<typeof FactoryAdmin> {
  return {
    why: (request, context) => unary(context, (scope) => whyOf(deps, scope, request)),
    impact: (request, context) => unary(context, (scope) => impactOf(deps, scope, request)),
    lineage: (request, context) => unary(context, (scope) => lineageOf(deps, scope, request)),
    getKnowingState: (request, context) => unary(context, (scope) => knowingStateOf(deps, scope, request)),
    setTrust: (request, context) => unary(context, (scope) => setTrust(deps, scope, request)),
    revokeTrust: (request, context) => unary(context, (scope) => revokeTrust(deps, scope, request)),
    setConsent: (request, context) => unary(context, (scope) => setConsent(deps, scope, request)),
    revokeConsent: (request, context) => unary(context, (scope) => revokeConsent(deps, scope, request)),
    applyPolicy: (request, context) => unary(context, (scope) => applyPolicy(deps, scope, request)),
    reproject: (request, context) => unary(context, (scope) => reproject(deps, scope, request)),
    projectionLag: (request, context) => unary(context, (scope) => projectionLag(deps, scope, request)),
    objectHealth: (request, context) => unary(context, (scope) => objectHealthOf(deps, scope, request)),
    operations: (request, context) => unary(context, (scope) => operationsOf(deps, scope, request)),
    issueProducerToken: (request, context) => unary(context, (scope) => issueToken(deps, scope, request)),
  };
}
