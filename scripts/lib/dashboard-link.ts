/** The link that opens the dashboard and signs in: what follows the `#` stays in the browser and is never sent to a server. */
import type { DevKey } from "./dev-key.ts";

/** The address of the dashboard with the local credentials; the evidence key and the token key are not among them. */
export function dashboardLink(url: string, { apiKey, envelopeKeyId, envelopeSecret }: Pick<DevKey, "apiKey" | "envelopeKeyId" | "envelopeSecret">): string {
  const credentials = Buffer.from(JSON.stringify({ apiKey, envelopeKeyId, envelopeSecret })).toString("base64url");
  return new URL(`/#sign-in=${credentials}`, url).href;
}
