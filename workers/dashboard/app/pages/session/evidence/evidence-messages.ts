/** What the page and the worker that checks evidence say to each other. */
import type { EvidenceAnswer } from "./evidence-check.ts";

export type EvidenceMessage =
  | { readonly kind: "doing"; readonly text: string }
  | { readonly kind: "answer"; readonly answer: EvidenceAnswer }
  | { readonly kind: "error"; readonly message: string };
