/** Generated clients of the gateway, with the credential put on every call. */
import { createClient, type Client, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { FactoryAdmin, FactoryDelivery, FactoryGateway } from "@factory/schemas/proto";

export type FactoryClient = {
  readonly gateway: Client<typeof FactoryGateway>;
  readonly delivery: Client<typeof FactoryDelivery>;
  readonly admin: Client<typeof FactoryAdmin>;
};

/** A client for one platform and API key, over Connect on HTTP/1.1. */
export function createFactoryClient(options: { readonly url: string; readonly apiKey: string }): FactoryClient {
  const authorize: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${options.apiKey}`);
    return next(request);
  };
  const transport = createConnectTransport({ baseUrl: options.url, httpVersion: "1.1", interceptors: [authorize] });
  return {
    gateway: createClient(FactoryGateway, transport),
    delivery: createClient(FactoryDelivery, transport),
    admin: createClient(FactoryAdmin, transport),
  };
}
