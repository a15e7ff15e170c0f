/** The checks of evidence in words. */
import type { EvidenceCheckName } from "@factory/verification/evidence";
import type { EvidenceStep } from "./evidence-check.ts";

/** Where a factory publishes its keys. */
export const KEYS_PATH = "/.well-known/factory-evidence-keys.json";

/** What each check is, in the order they are made. */
export const STEP_TEXTS: { readonly [Check in EvidenceCheckName]: { readonly title: string; readonly text: string } } = {
  envelope: { title: "Envelope", text: "DSSE, canonical JSON to the byte" },
  "payload type": { title: "Payload type", text: "an in-toto statement" },
  key: { title: "Key", text: "one that the factory publishes" },
  signature: { title: "Signature", text: "Ed25519 over type and payload" },
  statement: { title: "Statement", text: "in-toto v1 with its subjects" },
  predicate: { title: "Predicate", text: "every field as the format has it" },
  chain: { title: "Event chain", text: "gapless up to the root hash" },
  consistency: { title: "Consistency", text: "totals, verdicts and lists agree" },
  lineage: { title: "Lineage", text: "every relation ends at an artifact" },
  subjects: { title: "Subjects", text: "the files give the tree's digest" },
  tree: { title: "Delivered files", text: "none changed, missing or added" },
  log: { title: "Session log", text: "every event hashed anew" },
};

/** The checks before any of them has ended. */
export const PENDING_STEPS: readonly EvidenceStep[] = Object.keys(STEP_TEXTS).map((check) => ({
  // The keys of the table are the checks.
  check: check as EvidenceCheckName,
  state: "not reached",
}));
