/** Clients of the gateway under test in the workers pool, and what they are refused. */
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { ERRORS, type ErrorCode } from "@factory/schemas";
import { ErrorDetailSchema, FactoryAdmin, FactoryDelivery, FactoryGateway, FactoryProducer, type ErrorDetail } from "@factory/schemas/proto";
import { env, exports } from "cloudflare:workers";
import { expect } from "vitest";

/** Where the gateway answers. */
export const BASE = "https://factory.test";
/** Stores a record where the gateway looks it up. */
export const put = (key: string, value: string): Promise<void> => env.CONFIG.put(key, value);
/** A fetch that reaches the gateway. */
export const fetchEdge: typeof fetch = (input, init) => exports.default.fetch(new Request(input, init));

/** A client of each service. */
export type Clients = {
  readonly gateway: Client<typeof FactoryGateway>;
  readonly delivery: Client<typeof FactoryDelivery>;
  readonly admin: Client<typeof FactoryAdmin>;
  readonly producer: Client<typeof FactoryProducer>;
};

/** Clients with an API key, or with none. */
export function clientsOf(apiKey: string | null, { grpcWeb = false, binary = true } = {}): Clients {
  const options = {
    baseUrl: BASE,
    useBinaryFormat: binary,
    // The edge stands behind a service binding here, which knows no caller settings of fetch.
    fetch: ((input, init) => {
      const { method, headers, body, signal } = init ?? {};
      return fetchEdge(input, { method: method ?? "POST", headers: headers ?? {}, body: body ?? null, ...(signal ? { signal } : {}) });
    }) as typeof fetch,
    interceptors: [
      (next) => (request) => {
        if (apiKey !== null) request.header.set("authorization", `Bearer ${apiKey}`);
        return next(request);
      },
    ],
  } satisfies Parameters<typeof createConnectTransport>[0];
  const transport = grpcWeb ? createGrpcWebTransport(options) : createConnectTransport(options);
  return {
    gateway: createClient(FactoryGateway, transport),
    delivery: createClient(FactoryDelivery, transport),
    admin: createClient(FactoryAdmin, transport),
    producer: createClient(FactoryProducer, transport),
  };
}

/** The error of a call that must fail. */
export async function errorOf(run: () => Promise<unknown>): Promise<ConnectError> {
  try {
    await run();
  } catch (err) {
    return ConnectError.from(err);
  }
  throw new Error("The call succeeded.");
}

/** The detail every error carries. */
export function detailOf(err: ConnectError): ErrorDetail {
  const [detail] = err.findDetails(ErrorDetailSchema);
  if (detail === undefined) throw new Error(`No detail in ${err.message}`);
  return detail;
}

/** Expects a refusal with a code of the registry, on the wire and in the detail. */
export async function expectRefusal(code: ErrorCode, run: () => Promise<unknown>): Promise<ConnectError> {
  const err = await errorOf(run);
  const { connect, suggestion, retry } = ERRORS[code];
  expect({
    connect: Code[err.code]?.replace(/[A-Z]/g, (letter, at: number) => (at === 0 ? "" : "_") + letter.toLowerCase()),
    detail: detailOf(err).code,
  }).toEqual({ connect, detail: code });
  expect(detailOf(err)).toMatchObject({ suggestion, retry });
  return err;
}
