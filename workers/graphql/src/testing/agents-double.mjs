/** The objects of runs and sessions for tests in workerd: each answers what a test has it show, and null before that. */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

export class CoordinatorDO extends DurableObject {
  #shown = {};

  async show(shown) {
    this.#shown = shown;
  }

  async graphView() {
    return this.#shown.graph ?? null;
  }

  async treeView() {
    return this.#shown.tree ?? null;
  }

  async fileView(_org, path) {
    return this.#shown.tree?.files.find((file) => file.path === path) ?? null;
  }

  async proofView() {
    return this.#shown.proof ?? null;
  }
}

export class CommissioningAgentDO extends DurableObject {
  #order = null;

  async show(order) {
    this.#order = order;
  }

  async submittedOrder() {
    return this.#order;
  }
}

export default class Double extends WorkerEntrypoint {
  async fetch() {
    return new Response("There is nothing here.", { status: 404 });
  }

  /** Policy: everybody may do everything, but members of the organisation that is named for it. */
  async decide(requests) {
    return requests.map(({ principal }) => {
      const allowed = principal.org !== "gql-denied";
      const reason = allowed
        ? ""
        : "Nobody reads here \u2013 it is Sunday, and on Sundays the organisation has decided that its work is not to be looked at by anybody.";
      return { decisionId: "d".repeat(64), allowed, policies: ["test"], policySet: "s".repeat(64), approvals: 1, reason };
    });
  }
}
