/** The objects of runs and sessions for tests in workerd: each answers what a test has it show, and null before that. */
import { DurableObject } from "cloudflare:workers";

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

export default {
  async fetch() {
    return new Response("There is nothing here.", { status: 404 });
  },
};
