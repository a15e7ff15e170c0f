/** Recording neighbours: a log, mediation and a coordinator, each with the part of its RPC a session uses. */
import { createHash } from "node:crypto";
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

const TERMINAL = new Set(["SESSION_COMPLETED", "SESSION_FAILED", "SESSION_CANCELLED", "SESSION_REJECTED"]);
const hashOf = (value) => createHash("sha256").update(JSON.stringify(value)).digest("hex");

export class SubscriptionBufferDO extends DurableObject {
  #events = [];

  async append(identity, events) {
    const fresh = events.filter(({ eventId }) => !this.#events.some((event) => event.eventId === eventId));
    const { closed } = await this.tip();
    if (fresh.length > 0 && closed) return { ok: false, code: "FAILED_PRECONDITION", message: "closed" };
    for (const write of fresh) {
      const row = { ...write, seq: this.#events.length + 1, sessionId: identity.sessionId, prevHash: this.#events.at(-1)?.hash ?? "0".repeat(64) };
      this.#events.push({ ...row, hash: hashOf(row) });
    }
    return { ok: true, appended: fresh.length, tip: await this.tip() };
  }

  async seal() {
    return { ok: true, tip: await this.tip() };
  }

  async read(after, limit) {
    return { events: this.#events.slice(after, after + limit), tip: await this.tip() };
  }

  async tip() {
    const last = this.#events.at(-1);
    return { lastSeq: this.#events.length, rootHash: last?.hash ?? "0".repeat(64), closed: last !== undefined && TERMINAL.has(last.kind), archived: false };
  }
}

/** Answers everything with ok and remembers it. */
class Recorder extends DurableObject {
  #asked = [];

  record_(method, args) {
    this.#asked.push([method, ...args]);
    return { ok: true };
  }

  async asked() {
    return this.#asked;
  }
}

export class MediationAgentDO extends Recorder {
  async compile(...args) {
    return this.record_("compile", args);
  }

  async clear(...args) {
    return this.record_("clear", args);
  }

  async amend(...args) {
    return this.record_("amend", args);
  }

  async poke(...args) {
    this.record_("poke", args);
  }
}

export class CoordinatorDO extends Recorder {
  async clear(...args) {
    return this.record_("clear", args);
  }

  async cancel(...args) {
    return this.record_("cancel", args);
  }

  async clarify(...args) {
    return this.record_("clarify", args);
  }

  async decide(...args) {
    return this.record_("decide", args);
  }

  async fund(...args) {
    return this.record_("fund", args);
  }

  async poke(...args) {
    this.record_("poke", args);
    return { status: "open", beads: {}, rescued: 0, nextAt: null };
  }

  async record() {
    const bead = { atomId: "ATOM-1", state: "DONE", epoch: 1, attempt: 1, cycle: 0, dependsOn: [], claimRefs: ["C-1"] };
    const check = { beadId: "BEAD-1", claimId: "C-1", treeDigest: "t", kind: "examples", ok: true, reportDigest: "r" };
    return {
      runId: "RUN-1",
      beads: [
        { ...bead, beadId: "BEAD-1", title: "Write double", role: "coder" },
        { ...bead, beadId: "BEAD-2", title: "Verify", role: "verifier:outcome" },
      ],
      checks: [
        { ...check, checkId: "CHK-1", holdout: false, summary: "4 passed", command: "examples:C-1" },
        { ...check, checkId: "CHK-2", holdout: true, summary: "2 passed" },
      ],
      modelCalls: 0,
      costUsd: null,
    };
  }
}

export default class extends WorkerEntrypoint {
  async decide(requests) {
    return requests.map((request) => ({ decisionId: hashOf(request), allowed: true, policies: ["everything"], policySet: "s", approvals: 1, reason: "" }));
  }

  async suspensions() {
    return [];
  }

  async tell() {
    return { ok: true };
  }

  fetch() {
    return new Response("Not found\n", { status: 404 });
  }
}
