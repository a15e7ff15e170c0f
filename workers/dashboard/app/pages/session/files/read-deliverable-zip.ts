/** A session's deliverable as one archive. */
import { factoryClient } from "../../../data/factory-client.ts";
import { collectDeliverable, type DeliverableProgress } from "./deliverable.ts";
import { zipOf } from "./zip.ts";

/**
 * Reads all files, each checked against its digest.
 *
 * @throws ConnectError, Error for a file that is not what its digest says
 */
export async function readDeliverableZip(sessionId: string, tell: (progress: DeliverableProgress) => void): Promise<Uint8Array<ArrayBuffer>> {
  const files = await collectDeliverable(factoryClient.delivery.getDeliverable({ sessionId }), tell);
  return zipOf(sessionId, files);
}
