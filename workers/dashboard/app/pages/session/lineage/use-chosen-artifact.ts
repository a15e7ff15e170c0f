/** The artifact whose lineage is shown: the one of the address, the last work of a bead, or where a person would begin. */
import { useQuery } from "urql";
import { useAllPages, type AllPages } from "../../../data/use-all-pages.ts";
import { useEventSignal, useSessionView } from "../session-view.tsx";
import { ARTIFACTS_PER_PAGE, ATOM_TRACES, LINEAGE_KINDS, SESSION_ARTIFACTS, type SessionArtifact } from "./lineage-query.ts";
import { firstArtifactOf, traceOrAtom } from "./lineage-trail.ts";

/** `id` is null while it is not known, and for good where the session has no artifact. */
export type ChosenArtifact = { readonly id: string | null; readonly isAsking: boolean; readonly error: Error | null };

export function useChosenArtifact(artifact: string | undefined, bead: string | undefined): ChosenArtifact {
  const { session, model } = useSessionView();
  const atomId = artifact === undefined && bead !== undefined ? (model.beads.get(bead)?.atomId ?? null) : null;
  const [traces] = useQuery({
    query: ATOM_TRACES,
    variables: { atomId: atomId ?? "", assemblyId: session.assemblyId },
    pause: atomId === null,
    requestPolicy: "cache-and-network",
  });
  const { finalArtifactId } = session.evidenceChain;
  const isDefault = artifact === undefined && bead === undefined;
  const list = useSessionArtifacts(isDefault && finalArtifactId === null);
  if (artifact !== undefined) return { id: artifact, isAsking: false, error: null };
  if (bead !== undefined) return ofBead(atomId, model.beadsComplete, traces);
  if (finalArtifactId !== null) return { id: finalArtifactId, isAsking: false, error: null };
  return { id: list.nodes === null ? null : firstArtifactOf(null, list.nodes), isAsking: !list.complete && list.error === null, error: list.error };
}

type TracesState = {
  readonly data?: { readonly impact: { readonly nodes: readonly { id: string; type: string; createdAt: string }[] } } | undefined;
  readonly error?: Error | undefined;
};

function ofBead(atomId: string | null, areBeadsKnown: boolean, { data, error }: TracesState): ChosenArtifact {
  if (atomId === null) return { id: null, isAsking: !areBeadsKnown, error: null };
  // Without its traces the atom itself still says why the bead is there.
  if (error !== undefined) return { id: atomId, isAsking: false, error: null };
  return { id: data === undefined ? null : traceOrAtom(atomId, data.impact.nodes), isAsking: data === undefined, error: null };
}

/** Every artifact of the session. */
export function useSessionArtifacts(isWanted: boolean): AllPages<SessionArtifact> {
  const { sessionId } = useSessionView();
  const signal = useEventSignal(LINEAGE_KINDS);
  return useAllPages({
    query: SESSION_ARTIFACTS,
    key: sessionId,
    signal,
    pause: !isWanted,
    variables: (after) => ({ sessionId, first: ARTIFACTS_PER_PAGE, after }),
    connectionOf: ({ session }) => session?.artifacts ?? null,
  });
}
