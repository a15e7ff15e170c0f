/**
 * GraphiQL for the local platform, at `/graphql` for a browser. Its page has everything in it, nothing comes from elsewhere; it is
 * megabytes large, so no Worker carries it. It holds no key: who uses it puts one into its headers.
 */
import { renderGraphiQL } from "@graphql-yoga/render-graphiql";

/** What the page opens with; each answers on any platform, and says something once there is a session. */
export const GRAPHIQL_EXAMPLES: readonly string[] = [
  `# Sessions, those that need somebody first. The key for the header is in .factory/dev-key.json.
query Sessions {
  sessions(first: 20, order: PROBLEMS_FIRST) {
    nodes {
      id
      title
      state
      problems
      startedAt
      beadCounts { done total }
      costs { total { calls costUsd } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  `# The newest session with its beads, their checks and the events so far.
query NewestSession {
  sessions(first: 1) {
    nodes {
      id
      asOfSeq
      beads(first: 50) { nodes { title team state checks { kind ok summary } } }
      verificationReports { nodes { type outcome summary } }
      events(first: 100) { nodes { seq kind occurredAt } tipSeq closed }
    }
  }
}
`,
  `# What was made of the newest session's order, how it is proven, and the files so far.
query Proof {
  sessions(first: 1) {
    nodes {
      workOrder { title text }
      claims { id kind statement line holdoutCount ownerBeadIds proof { status checksPassed checksFailed holdoutsPassed holdoutsFailed } }
      graph { edges { fromBeadId toBeadId kind required } }
      runTree { treeHash files { path status bytes beadId } }
    }
  }
}
`,
  `# What people are asked.
query Inbox {
  reviews {
    nodes { id promptText action actionDigest requestedAt session { id title } }
  }
}
`,
];

const HEADERS = JSON.stringify({ authorization: "Bearer <apiKey of .factory/dev-key.json>" }, null, 2);

/** The page, as one response. */
export function graphiqlPage(): Response {
  const page = renderGraphiQL({
    title: "Factory: GraphiQL",
    endpoint: "/graphql",
    defaultTabs: GRAPHIQL_EXAMPLES.map((query) => ({ query, headers: HEADERS })),
    shouldPersistHeaders: false,
  });
  return new Response(page, { headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store", "referrer-policy": "no-referrer" } });
}
