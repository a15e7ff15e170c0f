/** What each way in needs: a scope of the credential, and an action that policy permits. The one table of both. */
import type { Scope } from "@factory/governance";
import { FactoryAdmin, FactoryDelivery, FactoryGateway } from "@factory/schemas/proto";
import type { PolicyAction } from "@factory/schemas/rpc";

/**
 * What a call needs. A scope of null is open to every credential, and an action of null asks nobody: both only for what tells a
 * caller about the caller. `inHandler`: what policy is asked depends on the message, so the handler asks once it has read it, before
 * anything is stored.
 */
export type Need = { readonly scope: Scope | null; readonly action: PolicyAction | null; readonly inHandler?: true };

const READ: Need = { scope: "session:read", action: "ReadSession" };
const ADMINISTER: Need = { scope: "admin", action: "Administer" };
const MANAGE: Need = { scope: "admin", action: "ManageOrg" };

/** By procedure. A method that is not here is refused. */
export const NEEDS: { readonly [procedure: string]: Need } = {
  [procedureOf(FactoryGateway.method.submitSession)]: { scope: "session:submit", action: "SubmitSession", inHandler: true },
  [procedureOf(FactoryGateway.method.resumeStream)]: READ,
  [procedureOf(FactoryGateway.method.cancelSession)]: { scope: "session:control", action: "ControlSession" },
  [procedureOf(FactoryGateway.method.acknowledgeReview)]: { scope: "review:decide", action: "DecideReview", inHandler: true },
  [procedureOf(FactoryDelivery.method.getEvidence)]: READ,
  [procedureOf(FactoryDelivery.method.getDeliverable)]: READ,
  [procedureOf(FactoryAdmin.method.why)]: READ,
  [procedureOf(FactoryAdmin.method.impact)]: READ,
  [procedureOf(FactoryAdmin.method.lineage)]: READ,
  [procedureOf(FactoryAdmin.method.getKnowingState)]: READ,
  [procedureOf(FactoryAdmin.method.objectHealth)]: READ,
  [procedureOf(FactoryAdmin.method.operations)]: READ,
  [procedureOf(FactoryAdmin.method.setTrust)]: ADMINISTER,
  [procedureOf(FactoryAdmin.method.revokeTrust)]: ADMINISTER,
  [procedureOf(FactoryAdmin.method.setConsent)]: ADMINISTER,
  [procedureOf(FactoryAdmin.method.revokeConsent)]: ADMINISTER,
  [procedureOf(FactoryAdmin.method.applyPolicy)]: ADMINISTER,
  [procedureOf(FactoryAdmin.method.reproject)]: ADMINISTER,
  [procedureOf(FactoryAdmin.method.projectionLag)]: ADMINISTER,
  [procedureOf(FactoryAdmin.method.issueProducerToken)]: ADMINISTER,
  [procedureOf(FactoryAdmin.method.whoAmI)]: { scope: null, action: null },
  [procedureOf(FactoryAdmin.method.createOrg)]: { scope: "admin", action: "CreateOrg" },
  [procedureOf(FactoryAdmin.method.getOrg)]: READ,
  [procedureOf(FactoryAdmin.method.putMember)]: MANAGE,
  [procedureOf(FactoryAdmin.method.removeMember)]: MANAGE,
  [procedureOf(FactoryAdmin.method.listMembers)]: MANAGE,
  [procedureOf(FactoryAdmin.method.issueKey)]: MANAGE,
  [procedureOf(FactoryAdmin.method.rotateKey)]: MANAGE,
  [procedureOf(FactoryAdmin.method.revokeKey)]: MANAGE,
  [procedureOf(FactoryAdmin.method.listKeys)]: MANAGE,
  [procedureOf(FactoryAdmin.method.putSigningKey)]: MANAGE,
  [procedureOf(FactoryAdmin.method.rotateSigningKey)]: MANAGE,
  [procedureOf(FactoryAdmin.method.revokeSigningKey)]: MANAGE,
  [procedureOf(FactoryAdmin.method.listSigningKeys)]: MANAGE,
  [procedureOf(FactoryAdmin.method.putIssuer)]: MANAGE,
  [procedureOf(FactoryAdmin.method.removeIssuer)]: MANAGE,
  [procedureOf(FactoryAdmin.method.listOrgChanges)]: MANAGE,
  [procedureOf(FactoryAdmin.method.putSubscriber)]: MANAGE,
  [procedureOf(FactoryAdmin.method.removeSubscriber)]: MANAGE,
  [procedureOf(FactoryAdmin.method.listSubscribers)]: MANAGE,
  [procedureOf(FactoryAdmin.method.listReceivedMessages)]: READ,
};

/** What the routes of the read side need: GraphQL, its streams and its sockets. */
export const READ_ROUTE: Need = READ;

/** Service and method, as they stand in the path. */
export function procedureOf(method: { readonly parent: { readonly typeName: string }; readonly name: string }): string {
  return `${method.parent.typeName}/${method.name}`;
}
