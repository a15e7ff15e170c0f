/**
 * Writes, and what only the Connect services answer: typed clients with the credential on every call. Only pages that write import
 * this, since the messages' descriptors weigh more than most pages.
 */
import { ConnectError, createClient, type Client, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { ErrorDetailSchema, FactoryAdmin, FactoryDelivery, FactoryGateway } from "@factory/schemas/proto";
import { currentApiKey } from "../credentials/signed-in.ts";

export type FactoryClient = {
  readonly gateway: Client<typeof FactoryGateway>;
  readonly delivery: Client<typeof FactoryDelivery>;
  readonly admin: Client<typeof FactoryAdmin>;
};

const authorize: Interceptor = (next) => (request) => {
  request.header.set("authorization", `Bearer ${currentApiKey() ?? ""}`);
  return next(request);
};

/** Errors say what to do, too: the platform sends it beside the message. */
const explain: Interceptor = (next) => async (request) => {
  try {
    const response = await next(request);
    return response.stream ? { ...response, message: explainedStream(response.message) } : response;
  } catch (err) {
    throw explained(err);
  }
};

async function* explainedStream<Message>(messages: AsyncIterable<Message>): AsyncIterable<Message> {
  try {
    yield* messages;
  } catch (err) {
    throw explained(err);
  }
}

function explained(err: unknown): unknown {
  if (!(err instanceof ConnectError)) return err;
  const suggestion = err.findDetails(ErrorDetailSchema)[0]?.suggestion ?? "";
  if (suggestion === "") return err;
  const told = new ConnectError(`${err.rawMessage} ${suggestion}`, err.code, err.metadata, undefined, err.cause);
  told.details = err.details;
  return told;
}

const transport = createConnectTransport({ baseUrl: location.origin, interceptors: [explain, authorize] });

/** The services, called as whoever is signed in when a call is made. */
export const factoryClient: FactoryClient = {
  gateway: createClient(FactoryGateway, transport),
  delivery: createClient(FactoryDelivery, transport),
  admin: createClient(FactoryAdmin, transport),
};
