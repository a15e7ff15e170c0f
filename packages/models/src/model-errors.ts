/** Failures of model calls as codes of the error registry. */
import { APICallError } from "@ai-sdk/provider";
import { FactoryError, type ErrorCode } from "@factory/schemas";
import { RetryError } from "ai";
import { isUnavailable } from "./fallback.ts";

export type ModelFailure = {
  readonly code: Extract<ErrorCode, "MODEL_UNAVAILABLE" | "MODEL_CONFIG" | "MODEL_OUTPUT_INVALID" | "DEADLINE_EXCEEDED" | "INTERNAL">;
  readonly message: string;
};

/** HTTP statuses that mean the key, the model's name or the address is wrong. */
const CONFIGURATION_STATUSES = [401, 403, 404];

/** What a failed call means: whether waiting helps, or someone must change the configuration. */
export function modelFailureOf(err: unknown): ModelFailure {
  const cause = RetryError.isInstance(err) ? err.lastError : err;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof FactoryError && cause.code === "MODEL_CONFIG") return { code: "MODEL_CONFIG", message };
  if (cause instanceof Error && (cause.name === "AbortError" || cause.name === "TimeoutError"))
    return { code: "DEADLINE_EXCEEDED", message: `The model did not answer in time: ${message}` };
  if (APICallError.isInstance(cause)) {
    const status = cause.statusCode;
    if (status !== undefined && CONFIGURATION_STATUSES.includes(status))
      return { code: "MODEL_CONFIG", message: `The model server answered ${status}: ${message}. Check MODEL_BASE_URL, MODEL_API_KEY and FACTORY_MODELS.` };
    if (status !== undefined && status < 400) return { code: "MODEL_OUTPUT_INVALID", message: `The model server's answer cannot be read: ${message}` };
    return { code: "MODEL_UNAVAILABLE", message: `The model server ${status === undefined ? "cannot be reached" : `answered ${status}`}: ${message}` };
  }
  return isUnavailable(cause) ? { code: "MODEL_UNAVAILABLE", message } : { code: "INTERNAL", message };
}
