/** BP1: an agent begins with what governs it and with the specification it works under, or with no authority at all. */
import { messageOf } from "@factory/durable";
import { leastAutonomy } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { KnowingState } from "@factory/schemas/rpc";
import type { LoopClosurePorts } from "./ports.ts";

/** A session to open. The specification is given, or asked of the artifact graph by its domain. */
export type SessionRequest = {
  /** Chosen and stored by the caller before it calls. */
  readonly sessionId: string;
  readonly role: string;
  readonly agentId: string;
  /** Most that the agent may do in this session; without one its knowing-state alone decides. */
  readonly ceiling?: Autonomy;
} & ({ readonly specificationId: string } | { readonly domain: string });

/** A session as it was opened. It is data: a caller may keep it. */
export type OpenedSession = {
  readonly sessionId: string;
  readonly role: string;
  readonly agentId: string;
  /** Most that may be done in this session; SUGGEST when anything could not be retrieved. */
  readonly autonomy: Autonomy;
  /** Null when it could not be retrieved; nothing is executed then. */
  readonly knowingState: KnowingState | null;
  /** The specification in force; null when there is none or it could not be asked for. */
  readonly specificationId: string | null;
  /** What could not be retrieved, in words. */
  readonly failure: string | null;
};

/** Retrieves the knowing-state, fixes the ceiling and binds the specification. Never throws: a failure takes authority away. */
export async function openSession({ knowing, graph }: Pick<LoopClosurePorts, "knowing" | "graph">, request: SessionRequest): Promise<OpenedSession> {
  const { sessionId, role, agentId, ceiling } = request;
  const [retrieved, bound] = await Promise.all([
    attempted("The knowing-state could not be retrieved", async () => {
      if (knowing === undefined) throw new Error("there is no way to it");
      const opened = await knowing.openSession({ sessionId, role, agentId, ...(ceiling === undefined ? {} : { ceiling }) });
      if (!opened.ok) throw new Error(opened.message);
      const answer = await knowing.retrieveKnowingState(sessionId);
      if (!answer.ok) throw new Error(answer.message);
      return answer.knowingState;
    }),
    attempted("The active specification could not be asked for", async () =>
      "domain" in request ? ((await graph.getActiveSpecification(request.domain))?.id ?? null) : request.specificationId,
    ),
  ]);
  const failures = [retrieved, bound].flatMap((result) => ("failure" in result ? result.failure : []));
  const knowingState = "value" in retrieved ? retrieved.value : null;
  const autonomy = failures.length > 0 || knowingState === null ? "SUGGEST" : leastAutonomy([knowingState.autonomy, ceiling ?? knowingState.autonomy]);
  return {
    sessionId,
    role,
    agentId,
    autonomy,
    knowingState,
    specificationId: "value" in bound ? bound.value : null,
    failure: failures.length === 0 ? null : failures.join("; "),
  };
}

async function attempted<T>(what: string, work: () => Promise<T>): Promise<{ readonly value: T } | { readonly failure: string }> {
  try {
    return { value: await work() };
  } catch (err) {
    return { failure: `${what}: ${messageOf(err)}` };
  }
}
