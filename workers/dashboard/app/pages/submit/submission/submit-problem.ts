/** Why an order was not taken, in words that say what to do. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { OrderFault } from "@factory/schemas";
import { ErrorDetailSchema } from "@factory/schemas/proto";
import { errorText } from "../../../data/error-text.ts";

export type SubmitProblem = {
  readonly title: string;
  readonly text: string;
  /** Faults the platform found, which are shown at their lines. */
  readonly faults: readonly OrderFault[];
  /** Another envelope key may help. */
  readonly needsKey: boolean;
};

/** What is told for a failed submission. */
export function submitProblem(err: unknown): SubmitProblem {
  if (!(err instanceof ConnectError)) {
    return { title: "The order could not be signed", text: errorText(err), faults: [], needsKey: err instanceof DOMException };
  }
  const [detail] = err.findDetails(ErrorDetailSchema);
  const faults = (detail?.faults ?? []).map(({ line, rule, fix }) => ({ line: Math.max(1, line), rule, fix }));
  const [title, advice] = TOLD[detail?.code ?? ""] ?? byCode(err);
  const text = [sentence(err.rawMessage), waitOf(err), advice].filter((part) => part !== "").join(" ");
  return { title, text, faults, needsKey: detail?.code === "SIGNATURE_INVALID" };
}

/** What a browser says of a broken connection ends without a stop. */
const sentence = (text: string): string => (text === "" || /[.!?]$/.test(text) ? text : `${text}.`);

/** By the platform's codes: what has happened, and what the platform's own words do not say. */
const TOLD: { readonly [code: string]: readonly [title: string, advice: string] } = {
  ORDER_INVALID: ["The platform found faults in the order", "They stand at their lines."],
  ENVELOPE_CONTRADICTION: ["The order contradicts itself", ""],
  ENVELOPE_STALE: ["The signature was too old when it arrived", "Set this computer's clock and submit again."],
  SIGNATURE_INVALID: ["The platform does not know the envelope key", "Add the key that belongs to your API key."],
  UNAUTHENTICATED: ["You are not signed in any more", "Sign in again; the draft stays in this browser."],
  PERMISSION_DENIED: ["This key may not submit orders", ""],
  ALREADY_EXISTS: [
    "An earlier try was taken with other content",
    "Look for it in the list of sessions. If this draft is meant as well, submit it again: it then makes a session of its own.",
  ],
  TOO_LARGE: ["The order is too large", "Attach fewer files."],
  RATE_LIMITED: ["Too many calls at once", ""],
};

const AGAIN = "The draft stays here. Submit it again: if it did arrive, the same session is found and no second one is made.";

function byCode({ code }: ConnectError): readonly [string, string] {
  switch (code) {
    case Code.Unavailable:
    case Code.Unknown:
    case Code.DeadlineExceeded:
    case Code.Canceled:
      return ["The factory did not answer", AGAIN];
    case Code.Internal:
      return ["The factory failed", AGAIN];
    case Code.ResourceExhausted:
      return ["A limit is reached", ""];
    default:
      return ["The order was not taken", "The draft stays here."];
  }
}

function waitOf(err: ConnectError): string {
  const seconds = err.metadata.get("retry-after");
  return seconds === null ? "" : `Wait ${seconds} ${seconds === "1" ? "second" : "seconds"}.`;
}
