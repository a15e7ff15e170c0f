/** Pages of a session's log. */
import type { EventKind } from "@factory/schemas";
import type { Client } from "urql";
import { graphql } from "../../../data/graphql.ts";
import type { AskLog } from "./log-rows.ts";

const TIMELINE_PAGE = graphql(`
  query TimelinePage($sessionId: ID!, $afterSeq: Int!, $first: Int!, $kinds: [EventKind!], $beadId: ID) {
    session(id: $sessionId) {
      events(afterSeq: $afterSeq, first: $first, kinds: $kinds, beadId: $beadId) {
        readToSeq
        tipSeq
        nodes {
          seq
          eventId
          kind
          stream
          occurredAt
          runId
          hash
          payload
        }
      }
    }
  }
`);

/** What of a log is asked for; null lets everything pass. */
export type LogFilter = { readonly kinds: readonly EventKind[] | null; readonly beadId: string | null };

/** Asks the read side for pages of a session's log. @throws CombinedError */
export function askLogOf(client: Client, sessionId: string, { kinds, beadId }: LogFilter): AskLog {
  return async (afterSeq, first) => {
    const variables = { sessionId, afterSeq, first, kinds: kinds === null ? null : [...kinds], beadId };
    const { data, error } = await client.query(TIMELINE_PAGE, variables, { requestPolicy: "network-only" }).toPromise();
    if (error !== undefined) throw error;
    if (data?.session === null || data?.session === undefined) throw new Error("The session is not there any more.");
    const { nodes, readToSeq, tipSeq } = data.session.events;
    return { events: nodes, readToSeq, tipSeq };
  };
}

/** The filter as the server applies it, for events that come live. */
export function passesFilter({ kinds, beadId }: LogFilter, { kind, payload }: { readonly kind: EventKind; readonly payload: unknown }): boolean {
  if (kinds !== null && !kinds.includes(kind)) return false;
  return beadId === null || (typeof payload === "object" && payload !== null && "beadId" in payload && payload.beadId === beadId);
}
