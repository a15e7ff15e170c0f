/** Failures as a person reads them. */
import { ConnectError } from "@connectrpc/connect";
import { ErrorDetailSchema } from "@factory/schemas/proto";
import { EXIT, UsageError } from "./errors.ts";

/** What a failed call says to a person: the message, each fault of an order or problem of a field, and what to do. */
export function errorText(err: unknown): { readonly text: string; readonly code: number } {
  if (err instanceof UsageError) return { text: err.message, code: EXIT.usage };
  if (err instanceof ConnectError) {
    const details = err.findDetails(ErrorDetailSchema);
    const faults = details.flatMap(({ faults: found }) => found.map(({ line, rule, fix }) => `  line ${line}: ${rule}: ${fix}`));
    const problems = details.flatMap(({ problems: found }) => found.map(({ field, problem }) => `  ${field}: ${problem}`));
    const advice = details.map(({ suggestion }) => suggestion).filter((text) => text !== "");
    const offline = /ECONNREFUSED/.test(err.message) ? ["The platform does not answer; start it with `npm start`."] : [];
    return {
      text: [problems.length > 0 ? "The request is not valid." : err.rawMessage, ...faults, ...problems, ...advice, ...offline].join("\n"),
      code: faults.length > 0 ? EXIT.refused : EXIT.failed,
    };
  }
  return { text: err instanceof Error ? err.message : String(err), code: EXIT.failed };
}
