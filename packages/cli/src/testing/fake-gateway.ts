/** A gateway of a few scripted answers on a real loopback port: what the command line's client meets on the wire. */
import { createServer } from "node:http";
import { create } from "@bufbuild/protobuf";
import { ConnectError, type Code, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { FactoryAdmin, FactoryDelivery, FactoryGateway, SessionEventKind, SessionEventSchema, type SessionEvent } from "@factory/schemas/proto";
import { createFactoryClient, type FactoryClient } from "../client.ts";

/** An event of a session, by kind name. */
export function anEvent(seq: number, kind: keyof typeof SessionEventKind, payload: object = { case: undefined }): SessionEvent {
  // Payloads are written as plain objects; `create` fills in the rest of each message.
  return create(SessionEventSchema, { sessionId: "SES-1", seq: BigInt(seq), kind: SessionEventKind[kind], payload: payload as never });
}

export const moved = (seq: number, toState: string): SessionEvent => anEvent(seq, "COMPILATION_STARTED", { case: "stateTransition", value: { toState } });
export const ended = (seq: number, outcome = "COMPLETED", more: object = {}): SessionEvent =>
  anEvent(seq, "SESSION_COMPLETED", { case: "terminal", value: { outcome, reason: "done", ...more } });

/** What one opened stream sends: events, then it ends, breaks with a code, or stays open. */
export type Script = { readonly events: readonly SessionEvent[]; readonly last: "end" | "hang" | Code };

export type FakeGateway = {
  readonly client: FactoryClient;
  readonly url: string;
  /** `from_sequence` of each ResumeStream, in order. */
  readonly resumed: bigint[];
  /** Streams whose client has gone. */
  readonly left: () => number;
  stop(): Promise<void>;
};

/** Starts a gateway whose streams play the scripts one after another, the last one again and again. */
export async function startFakeGateway(
  scripts: readonly Script[],
  more: {
    gateway?: Partial<ServiceImpl<typeof FactoryGateway>>;
    delivery?: Partial<ServiceImpl<typeof FactoryDelivery>>;
    admin?: Partial<ServiceImpl<typeof FactoryAdmin>>;
  } = {},
): Promise<FakeGateway> {
  const resumed: bigint[] = [];
  let opened = 0;
  let left = 0;
  async function* play(after: bigint, signal: AbortSignal): AsyncGenerator<{ event: SessionEvent }> {
    const script = scripts[Math.min(opened, scripts.length - 1)];
    opened += 1;
    if (script === undefined) return;
    signal.addEventListener("abort", () => (left += 1));
    for (const event of script.events) if (event.seq > after) yield { event };
    if (script.last === "hang") await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    if (typeof script.last === "number") throw new ConnectError("the log broke off", script.last);
  }
  const server = createServer(
    connectNodeAdapter({
      routes: (router) => {
        router.service(FactoryGateway, {
          submitSession: (_request, { signal }) => play(0n, signal),
          resumeStream: ({ fromSequence }, { signal }) => {
            resumed.push(fromSequence);
            return play(fromSequence, signal);
          },
          ...more.gateway,
        });
        router.service(FactoryDelivery, { ...more.delivery });
        router.service(FactoryAdmin, { ...more.admin });
      },
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The fake gateway has no port.");
  const url = `http://127.0.0.1:${address.port}`;
  return {
    client: createFactoryClient({ url, apiKey: "fk_test" }),
    url,
    resumed,
    left: () => left,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
