/** What evidence is checked with: the package, the keys, and what it may be compared with. */
import { toJsonString } from "@bufbuild/protobuf";
import { SessionEventSchema, StreamMode } from "@factory/schemas/proto";
import type { FactoryClient } from "../../../data/factory-client.ts";
import { bytesText, countText } from "../../../ui/figure-text.ts";
import { collectDeliverable } from "../files/deliverable.ts";
import type { EvidenceQuestion } from "./evidence-check.ts";
import { KEYS_PATH } from "./evidence-steps.ts";

/** What is compared beside the package itself. */
export type Compared = { readonly files: boolean; readonly log: boolean };

/**
 * Reads all of it.
 *
 * @param tell - is told what is being read, in words
 * @throws ConnectError, Error when something of it cannot be had
 */
export async function readEvidence(
  client: FactoryClient,
  sessionId: string,
  compared: Compared,
  tell: (doing: string) => void,
  signal: AbortSignal,
): Promise<EvidenceQuestion> {
  tell("Reading the package and the factory's keys");
  const [evidence, keys] = await Promise.all([client.delivery.getEvidence({ sessionId }, { signal }), readKeys(signal)]);
  const files = compared.files
    ? await collectDeliverable(client.delivery.getDeliverable({ sessionId }, { signal }), ({ files, bytes }) =>
        tell(`Reading the delivered files: ${countText(files, "file")}, ${bytesText(bytes)}`),
      )
    : null;
  const log = compared.log ? await readLog(client, sessionId, tell, signal) : null;
  return { package: evidence.package, keys, files, log };
}

async function readKeys(signal: AbortSignal): Promise<string> {
  const answer = await fetch(KEYS_PATH, { signal });
  if (!answer.ok) throw new Error(`The factory's keys cannot be had: ${KEYS_PATH} answered ${answer.status}.`);
  return answer.text();
}

/** The log as `factory events SESSION --json` prints it. */
async function readLog(client: FactoryClient, sessionId: string, tell: (doing: string) => void, signal: AbortSignal): Promise<string> {
  const lines: string[] = [];
  for await (const { event } of client.gateway.resumeStream({ sessionId, fromSequence: 0n, streamMode: StreamMode.ALL, replayOnly: true }, { signal })) {
    if (event === undefined) continue;
    lines.push(toJsonString(SessionEventSchema, event));
    tell(`Reading the log: ${countText(lines.length, "event")}`);
  }
  return lines.join("\n");
}
