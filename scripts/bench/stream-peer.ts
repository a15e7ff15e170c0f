/**
 * The peer of `pnpm bench:stream`: `graphql-ws` on Node, one execution a subscriber, as its documentation sets it up with `ws`. Prints its
 * port as one JSON line and ends when its standard input closes.
 */
import { createServer } from "node:http";
import { GraphQLFloat, GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

type PeerEvent = { readonly seq: number };

/** Events for one subscriber, in order. */
class Mailbox implements AsyncIterableIterator<{ readonly event: PeerEvent }> {
  readonly #events: PeerEvent[] = [];
  readonly #onEnd: (mailbox: Mailbox) => void;
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(onEnd: (mailbox: Mailbox) => void) {
    this.#onEnd = onEnd;
  }

  put(event: PeerEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<{ readonly event: PeerEvent }>> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return { value: { event }, done: false };
      if (this.#ended) return { value: undefined, done: true };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async return(): Promise<IteratorResult<{ readonly event: PeerEvent }>> {
    this.#ended = true;
    this.#onEnd(this);
    this.#wake?.();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const mailboxes = new Set<Mailbox>();
const field = <T>(type: T) => ({ type });
const event = new GraphQLObjectType({
  name: "Event",
  fields: {
    seq: field(new GraphQLNonNull(GraphQLInt)),
    sessionId: field(new GraphQLNonNull(GraphQLString)),
    kind: field(new GraphQLNonNull(GraphQLString)),
    occurredAt: field(new GraphQLNonNull(GraphQLFloat)),
    payload: field(new GraphQLNonNull(GraphQLString)),
  },
});
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { ok: { type: GraphQLString, resolve: () => "ok" } } }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      event: {
        type: new GraphQLNonNull(event),
        subscribe: () => {
          const mailbox = new Mailbox((gone) => mailboxes.delete(gone));
          mailboxes.add(mailbox);
          return mailbox;
        },
      },
    },
  }),
});

const http = createServer();
const subscribers = new WebSocketServer({ noServer: true });
const publishers = new WebSocketServer({ noServer: true });
useServer({ schema }, subscribers);
publishers.on("connection", (socket) => {
  socket.on("message", (data: Buffer) => {
    const published = JSON.parse(data.toString("utf8")) as PeerEvent;
    for (const mailbox of mailboxes) mailbox.put(published);
  });
});
http.on("upgrade", (request, socket, head) => {
  const server = request.url === "/publish" ? publishers : subscribers;
  server.handleUpgrade(request, socket, head, (client) => server.emit("connection", client, request));
});
http.listen(0, "127.0.0.1", () => {
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("The peer has no port.");
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${address.port}` })}\n`);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
