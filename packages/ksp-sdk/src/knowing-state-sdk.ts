/**
 * Knowing-state sessions: an agent acts only on what it has retrieved, within what that allows, and its ceiling never
 * rises. Whatever cannot be read or asked opens nothing.
 *
 * @see `domain.md` 4, prosthesis invariants I1 to I4
 */
import { knowingStateOf, orgScope, roleScope } from "@factory/bead-graph";
import { answered, messageOf } from "@factory/durable";
import { AUTONOMY, FactoryError } from "@factory/schemas";
import type { Autonomy, Result } from "@factory/schemas";
import type { BeadGraphRpc, GoverningPart, KnowingState, KnowingStateBead } from "@factory/schemas/rpc";
import { askGraph, available, GoverningReader } from "./governing-reader.ts";
import type { GoverningReaderPorts } from "./governing-reader.ts";
import { OnceWriter } from "./once-writer.ts";
import type { FormedWrite } from "./once-writer.ts";
import { amendmentBead, executionBead, outcomeBead } from "./session-beads.ts";
import type { ExecutionRequest, Ground, OutcomeRequest, Proposal, Writer } from "./session-beads.ts";
import { groundToAct, groundToExecute, retrievedIn, violation } from "./session-rules.ts";
import type { KspSession, SessionStore } from "./session-store.ts";

/** What sessions need of their host. */
export interface KnowingStateSdkPorts extends GoverningReaderPorts {
  /** The organisation whose bead graph `beads` is; part of every id. */
  readonly org: string;
  readonly beads: Pick<BeadGraphRpc, "heads" | "snapshot" | "write" | "writeAll" | "tip" | "openAmendments">;
  readonly sessions: SessionStore;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** Which session, in which role, for which agent. */
export type OpenRequest = {
  /** Chosen and stored by the caller before the call, so that a repeat opens the same session. */
  readonly sessionId: string;
  readonly role: string;
  /** The subject whose trust counts. */
  readonly agentId: string;
  /** The most the session may ever do; {@link DEFAULT_CEILING} when it is not named. */
  readonly ceiling?: Autonomy;
};

/** How far a subject is trusted now. */
export type TrustEvaluation = {
  readonly subjectId: string;
  readonly trusted: boolean;
  readonly autonomy: Autonomy;
  readonly score: number | null;
  readonly beadId: string | null;
  readonly standing: GoverningPart["standing"];
};

/** That an action was consented to when it was asked; `checkedAt` in epoch milliseconds. */
export type ConsentGiven = { readonly action: string; readonly consentBeadId: string; readonly headsDigest: string; readonly checkedAt: number };

/** Full autonomy is asked for by name. */
export const DEFAULT_CEILING: Autonomy = "EXECUTE_BOUNDED";

/** Sessions of the agents of one host. Every refusal is an answer: no method throws one. */
export class KnowingStateSdk {
  readonly #ports: KnowingStateSdkPorts;
  readonly #reader: GoverningReader;
  readonly #writer: OnceWriter;

  constructor(ports: KnowingStateSdkPorts) {
    this.#ports = ports;
    this.#reader = new GoverningReader(ports);
    this.#writer = new OnceWriter(ports);
  }

  /**
   * Opens a session; the same again answers the one that is open, as it is now. It may do nothing before it has retrieved.
   *
   * @returns INVALID_ARGUMENT for an empty field; ALREADY_EXISTS for another role, agent or ceiling under the id;
   *   FAILED_PRECONDITION when it is closed
   */
  async openSession({ sessionId, role, agentId, ceiling = DEFAULT_CEILING }: OpenRequest): Promise<Result<{ session: KspSession }>> {
    return this.#answer("open", sessionId, async () => {
      if (sessionId === "" || role === "" || agentId === "") throw new FactoryError("INVALID_ARGUMENT", "A session has an id, a role and an agent.");
      if (!AUTONOMY.includes(ceiling)) throw new FactoryError("INVALID_ARGUMENT", `"${ceiling}" is no level of autonomy.`);
      this.#ports.sessions.open({ sessionId, role, agentId, ceiling, openedAt: this.#ports.now() });
      const session = this.#known(sessionId);
      if (session.role !== role || session.agentId !== agentId || session.openedCeiling !== ceiling) {
        throw new FactoryError("ALREADY_EXISTS", `The session ${sessionId} was opened for ${session.agentId} in the role ${session.role}.`);
      }
      return { session: opened(session) };
    });
  }

  /** The session, open or closed. @returns NOT_FOUND */
  async session(sessionId: string): Promise<Result<{ session: KspSession }>> {
    return this.#answer("session", sessionId, async () => ({ session: this.#known(sessionId) }));
  }

  /**
   * Retrieves what governs the session's agent in its role and stamps the session with the heads it saw. The ceiling becomes
   * the least of itself and what was retrieved.
   *
   * @returns the knowing-state, `cached` when no snapshot had to be computed; UNAVAILABLE when it could not be read, and the
   *   session may then do no more than SUGGEST for good; NOT_FOUND; FAILED_PRECONDITION when the session is closed
   */
  async retrieveKnowingState(sessionId: string): Promise<Result<{ knowingState: KnowingState; cached: boolean }>> {
    return this.#answer("retrieve", sessionId, async () => {
      const { role, agentId } = this.#open(sessionId);
      const what = `What governs ${agentId} in the role ${role}`;
      const { snapshot, cached } = await this.#orDegrade(sessionId, what, () => this.#reader.snapshot(role, agentId));
      // Read again: while the answer was awaited the session may have been closed, or another call have lowered its ceiling.
      const knowingState = knowingStateOf(snapshot, this.#open(sessionId).ceiling, this.#ports.org, this.#ports.now());
      this.#ports.sessions.stamp(sessionId, knowingState);
      return { knowingState, cached };
    });
  }

  /**
   * How far a subject is trusted now, asked of the bead graph itself. It says nothing about what the session may do.
   *
   * @returns UNAVAILABLE when it could not be read: nobody is trusted on that; NOT_FOUND; FAILED_PRECONDITION when closed
   */
  async evaluateTrust(sessionId: string, subjectId: string): Promise<Result<{ trust: TrustEvaluation }>> {
    return this.#answer("trust", sessionId, async () => {
      const { role } = this.#open(sessionId);
      const snapshot = await available(`The trust of ${subjectId}`, () => this.#reader.computed(role, subjectId));
      this.#open(sessionId);
      const { beadId, standing, autonomy, score } = snapshot.trust;
      return { trust: { subjectId, trusted: standing === "active" && score !== null && score > 0, autonomy, score, beadId, standing } };
    });
  }

  /**
   * Asks, before an action, whether it is still allowed. Only `ok` lets it run.
   *
   * @param approvalId - a person's leave that the host has on record; without it a session that may only SUGGEST runs nothing
   * @returns STALE_TARGET when what governs the agent has moved since it was retrieved: retrieve again;
   *   GOVERNANCE_VIOLATION with the reason when it is not granted; UNAVAILABLE when it could not be asked, and the session
   *   may then do no more than SUGGEST for good; FAILED_PRECONDITION before a retrieval or when closed; NOT_FOUND
   */
  async checkConsent(sessionId: string, action: string, approvalId?: string): Promise<Result<ConsentGiven>> {
    return this.#answer("consent", sessionId, async () => {
      const session = this.#open(sessionId);
      const { role, agentId } = session;
      groundToAct(session, approvalId);
      const headsDigest = await this.#orDegrade(sessionId, `Whether ${agentId} may do "${action}"`, () => this.#reader.heads(role, agentId));
      // Read again for the same reason as in a retrieval.
      const { headsDigest: retrieved, consent } = groundToAct(this.#open(sessionId), approvalId);
      if (headsDigest !== retrieved) {
        throw new FactoryError("STALE_TARGET", `What governs ${agentId} in the role ${role} has moved since it was retrieved.`, {
          retrieved,
          now: headsDigest,
        });
      }
      if (consent.beadId === null) throw violation(`No consent of the role ${role} is in force: ${consent.standing}.`);
      if (!consent.grants.includes(action)) throw violation(`The consent of the role ${role} does not grant "${action}".`, { grants: consent.grants });
      return { action, consentBeadId: consent.beadId, headsDigest, checkedAt: this.#ports.now() };
    });
  }

  /**
   * Writes that the agent sets out to do something, under the policy and trust that the session retrieved.
   *
   * @returns FAILED_PRECONDITION before a retrieval, when closed, or when there is no policy or trust; GOVERNANCE_VIOLATION
   *   above the ceiling, or at SUGGEST without a person's leave; STALE_TARGET when what governs the agent has moved; ALREADY_EXISTS for another
   *   request under the nonce; UNAVAILABLE when it is not known whether it was written: repeat it; INVALID_ARGUMENT; NOT_FOUND
   */
  async writeExecution(sessionId: string, request: ExecutionRequest): Promise<Result<{ executionBeadId: string }>> {
    return this.#answer("execution", sessionId, async () => {
      const session = this.#open(sessionId);
      const allowed = (): KnowingState => groundToExecute(this.#open(sessionId), request);
      const form = async (): Promise<FormedWrite> => {
        const knowingState = allowed();
        const ground = await this.#ground(knowingState);
        const { role, subjectId, headsDigest } = knowingState;
        return { beads: [executionBead(this.#hand(sessionId), knowingState, ground, request)], fence: { role, subjectId, headsDigest } };
      };
      const [execution] = await this.#writer.write({ session, key: `execution:${request.nonce}`, request, form, allowed });
      return { executionBeadId: execution.id };
    });
  }

  /**
   * Writes how an execution of this session ended and, when it triggers an amendment and a proposal is given, the amendment
   * as PROPOSED, both or none. What an agent did is recorded whatever it may do by now.
   *
   * @returns NOT_FOUND for an execution that this session has not written; ALREADY_EXISTS for another outcome of it;
   *   FAILED_PRECONDITION when closed or when there is no bead to amend; UNAVAILABLE when it is not known whether it was
   *   written: repeat it; INVALID_ARGUMENT
   */
  async writeOutcome(
    sessionId: string,
    executionBeadId: string,
    request: OutcomeRequest,
  ): Promise<Result<{ outcomeBeadId: string; amendmentBeadId: string | null }>> {
    return this.#answer("outcome", sessionId, async () => {
      const { proposal } = request;
      const session = this.#open(sessionId);
      const execution = this.#ports.sessions.writeOf(sessionId, executionBeadId);
      if (execution?.written !== true || execution.beads[0].type !== "execution") {
        throw new FactoryError("NOT_FOUND", `The session ${sessionId} has written no execution ${executionBeadId}.`);
      }
      if (proposal !== undefined && !request.triggersAmendment)
        throw new FactoryError("INVALID_ARGUMENT", "An outcome that triggers no amendment proposes none.");
      const form = async (): Promise<FormedWrite> => {
        const outcome = outcomeBead(this.#hand(sessionId), executionBeadId, request);
        return { beads: [outcome, ...(proposal === undefined ? [] : [await this.#amendment(sessionId, outcome.id, proposal)])], fence: null };
      };
      const once = { session, key: `outcome:${executionBeadId}`, request, form, allowed: () => this.#open(sessionId) };
      const [outcome, amendment] = await this.#writer.write(once);
      return { outcomeBeadId: outcome.id, amendmentBeadId: amendment?.id ?? null };
    });
  }

  /**
   * Amendments that are proposed and not decided, newest first: of the policy or the trust that the session retrieved, or of
   * the whole organisation.
   *
   * @returns UNAVAILABLE when they could not be read; FAILED_PRECONDITION when closed, or before a retrieval for a target
   */
  async openAmendments(sessionId: string, target?: "policy" | "trust"): Promise<Result<{ amendments: KnowingStateBead[] }>> {
    return this.#answer("amendments", sessionId, async () => {
      const session = this.#open(sessionId);
      const targetId = target === undefined ? undefined : retrievedIn(session)[target].beadId;
      if (targetId === null) return { amendments: [] };
      const ask = (): Promise<KnowingStateBead[]> => askGraph(this.#ports, "openAmendments", () => this.#ports.beads.openAmendments(targetId));
      return { amendments: await available("Which amendments are open", ask) };
    });
  }

  /** Closes a session: from then on it refuses everything but this and {@link KnowingStateSdk.session}. @returns NOT_FOUND */
  async closeSession(sessionId: string): Promise<Result> {
    return this.#answer("close", sessionId, async () => {
      this.#known(sessionId);
      this.#ports.sessions.close(sessionId, this.#ports.now());
      return {};
    });
  }

  async #amendment(sessionId: string, outcomeBeadId: string, proposal: Proposal): Promise<KnowingStateBead> {
    const { policy, subjectId } = retrievedIn(this.#open(sessionId));
    const { target } = proposal;
    const subject = target === "policy" ? policy.scope : subjectId;
    const head = subject === null ? null : await this.#tip(target, subject);
    if (head === null) throw new FactoryError("FAILED_PRECONDITION", `There is no ${target} bead of ${subject ?? "the session"} to amend.`);
    return amendmentBead(this.#hand(sessionId), head, outcomeBeadId, proposal);
  }

  /** Where none is in force the last one is named: with a person's leave it is acted in spite of it, and the record says of what. */
  async #ground({ role, subjectId, policy, trust }: KnowingState): Promise<Ground> {
    const policyBeadId =
      policy.beadId ?? (policy.standing === "inactive" ? ((await this.#tip("policy", roleScope(role))) ?? (await this.#tip("policy", orgScope)))?.id : null);
    const trustBeadId = trust.beadId ?? (trust.standing === "inactive" ? (await this.#tip("trust", subjectId))?.id : null);
    if (typeof policyBeadId === "string" && typeof trustBeadId === "string") return { policyBeadId, trustBeadId };
    throw new FactoryError(
      "FAILED_PRECONDITION",
      `To act as ${subjectId} in the role ${role} there has to be a policy (it is ${policy.standing}) and a trust (it is ${trust.standing}).`,
      { policy: policy.standing, trust: trust.standing },
    );
  }

  async #tip(type: "policy" | "trust", subject: string): Promise<KnowingStateBead | null> {
    return available(`The ${type} of ${subject}`, () => askGraph(this.#ports, "tip", () => this.#ports.beads.tip({ type, subject })));
  }

  #known(sessionId: string): KspSession {
    const session = this.#ports.sessions.get(sessionId);
    if (session === null) throw new FactoryError("NOT_FOUND", `There is no session ${sessionId}.`);
    return session;
  }

  /** The session as it is now; read again after everything that was awaited. */
  #open(sessionId: string): KspSession {
    return opened(this.#known(sessionId));
  }

  #hand(sessionId: string): Writer {
    return { org: this.#ports.org, session: this.#open(sessionId), writtenAt: this.#ports.now() };
  }

  /** A question on which the agent's autonomy rests: without an answer the session may only suggest, for good (I4). */
  async #orDegrade<T>(sessionId: string, what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await available(what, ask);
    } catch (err) {
      this.#ports.sessions.degrade(sessionId, messageOf(err));
      throw err;
    }
  }

  #answer<T extends object>(verb: string, sessionId: string, work: () => Promise<T>): Promise<Result<T>> {
    const { log, now, org } = this.#ports;
    return answered(log, now, { op: `knowing-state.${verb}`, ids: { org, session: sessionId } }, work);
  }
}

/** A session that is not closed. @throws FactoryError FAILED_PRECONDITION */
function opened(session: KspSession): KspSession {
  if (session.closedAt !== null) throw new FactoryError("FAILED_PRECONDITION", `The session ${session.sessionId} is closed.`);
  return session;
}
