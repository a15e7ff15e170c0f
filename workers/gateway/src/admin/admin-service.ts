/** `factory.v1.FactoryAdmin`: what the factory knows, what governs its agents, and who belongs to an organisation. */
import type { ServiceImpl } from "@connectrpc/connect";
import type { FactoryAdmin } from "@factory/schemas/proto";
import { revokeConsent, setConsent } from "./consent-service.ts";
import type { GatewayDeps } from "../deps.ts";
import { putIssuer, removeIssuer } from "./issuer-service.ts";
import { issueKey, listKeys, revokeKey, rotateKey } from "./key-service.ts";
import { knowingStateOf } from "./knowing-state-service.ts";
import { impactOf, lineageOf, whyOf } from "./lineage-service.ts";
import { listMembers, putMember, removeMember } from "./member-service.ts";
import { objectHealthOf } from "./object-health-service.ts";
import { operationsOf } from "./operations-service.ts";
import { createOrg, getOrg, listOrgChanges, whoAmI } from "./org-service.ts";
import { applyPolicy } from "./policy-service.ts";
import { issueToken } from "./producer-token-service.ts";
import { projectionLag, reproject } from "./read-model-service.ts";
import { listSigningKeys, putSigningKey, revokeSigningKey, rotateSigningKey } from "./signing-key-service.ts";
import { unary } from "../sessions.ts";
import { listReceivedMessages, listSubscribers, putSubscriber, removeSubscriber } from "../signals/subscriber-service.ts";
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
    whoAmI: (_request, context) => unary(context, async (scope) => whoAmI(scope)),
    createOrg: (request, context) => unary(context, (scope) => createOrg(deps, scope, request)),
    getOrg: (_request, context) => unary(context, (scope) => getOrg(deps, scope)),
    listOrgChanges: (request, context) => unary(context, (scope) => listOrgChanges(deps, scope, request)),
    putMember: (request, context) => unary(context, (scope) => putMember(deps, scope, request)),
    removeMember: (request, context) => unary(context, (scope) => removeMember(deps, scope, request)),
    listMembers: (_request, context) => unary(context, (scope) => listMembers(deps, scope)),
    issueKey: (request, context) => unary(context, (scope) => issueKey(deps, scope, request)),
    rotateKey: (request, context) => unary(context, (scope) => rotateKey(deps, scope, request)),
    revokeKey: (request, context) => unary(context, (scope) => revokeKey(deps, scope, request)),
    listKeys: (_request, context) => unary(context, (scope) => listKeys(deps, scope)),
    putSigningKey: (request, context) => unary(context, (scope) => putSigningKey(deps, scope, request)),
    rotateSigningKey: (request, context) => unary(context, (scope) => rotateSigningKey(deps, scope, request)),
    revokeSigningKey: (request, context) => unary(context, (scope) => revokeSigningKey(deps, scope, request)),
    listSigningKeys: (_request, context) => unary(context, (scope) => listSigningKeys(deps, scope)),
    putIssuer: (request, context) => unary(context, (scope) => putIssuer(deps, scope, request)),
    removeIssuer: (request, context) => unary(context, (scope) => removeIssuer(deps, scope, request)),
    putSubscriber: (request, context) => unary(context, (scope) => putSubscriber(deps, scope, request)),
    removeSubscriber: (request, context) => unary(context, (scope) => removeSubscriber(deps, scope, request)),
    listSubscribers: (_request, context) => unary(context, (scope) => listSubscribers(deps, scope)),
    listReceivedMessages: (request, context) => unary(context, (scope) => listReceivedMessages(deps, scope, request)),
  };
}
