/** What a review is about, as nodes of the assembly's lineage: a record of a decision hangs on what exists, or it is not written. */
import { RetryableError } from "@factory/durable";
import type { ArtifactGraphRpc, EscalationBinding, SessionLogRpc } from "@factory/schemas/rpc";

/** Where it is looked for. */
export interface SubjectPorts {
  readonly graph: (org: string, assembly: string) => Pick<ArtifactGraphRpc, "getMany">;
  readonly log: (org: string, sessionId: string) => Pick<SessionLogRpc, "read">;
}

const ID = /\b[A-Z]{2,9}-[0-9A-HJKMNP-TV-Z]{26}\b/g;
/** The signal is the first artifact of a session; intake writes it within its first events. */
const FIRST_EVENTS = 200;

/**
 * Ids of the nodes that the review's action names and that are there; where it names none, the session's signal.
 *
 * @throws RetryableError when neither is in the graph yet
 */
export async function subjectsOf(ports: SubjectPorts, { org, assembly, sessionId, action }: EscalationBinding): Promise<readonly [string, ...string[]]> {
  const named = await existing(ports, org, assembly, [...new Set(action.match(ID))]);
  const [first, ...others] = named.length > 0 ? named : await existing(ports, org, assembly, await signalsOf(ports, org, sessionId));
  if (first === undefined) throw new RetryableError(`Nothing of what ${sessionId} asks about is in the lineage of ${assembly} yet.`);
  return [first, ...others];
}

async function existing({ graph }: SubjectPorts, org: string, assembly: string, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const found = await graph(org, assembly).getMany(ids);
  if (!found.ok) throw new RetryableError(`${found.code}: ${found.message}`);
  return found.nodes.map(({ id }) => id);
}

async function signalsOf({ log }: SubjectPorts, org: string, sessionId: string): Promise<string[]> {
  const { events } = await log(org, sessionId).read(0, FIRST_EVENTS);
  const written = events.flatMap((event) => (event.kind === "ARTIFACT_WRITTEN" ? [event.payload] : []));
  return written.flatMap((payload) => ("artifactType" in payload && payload.artifactType === "Signal" ? [payload.artifactId] : [])).slice(0, 1);
}
