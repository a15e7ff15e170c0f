/** Reads over HTTP. */
import { Client, cacheExchange, fetchExchange } from "urql";
import { currentApiKey } from "../credentials/signed-in.ts";

/** A client for whoever is signed in; made anew when that changes, so that nobody sees what another has read. */
export function createGraphqlClient(): Client {
  return new Client({
    url: new URL("/graphql", location.origin).href,
    exchanges: [cacheExchange, fetchExchange],
    preferGetMethod: false,
    fetchOptions: () => ({ headers: { authorization: `Bearer ${currentApiKey() ?? ""}` } }),
  });
}
