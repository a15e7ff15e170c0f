/** Refusals by a limit: each names the limit, its value and what to do. */
import { FactoryError } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";

/** Name of a limit of {@link LOG_LIMITS}. */
export type LogLimit = keyof typeof LOG_LIMITS;

/**
 * A refusal for what is over a limit.
 *
 * @param what - what is over it, as a sentence without its full stop
 * @param advice - what to do instead, as a sentence
 * @param value - the limit in force, when it is not the one of {@link LOG_LIMITS}
 */
export function overLimit(
  limit: LogLimit,
  what: string,
  advice: string,
  details: Readonly<Record<string, unknown>> = {},
  value: number = LOG_LIMITS[limit],
): FactoryError {
  return new FactoryError("TOO_LARGE", `${what}; the limit ${limit} is ${value}. ${advice}`, { ...details, limitName: limit, limit: value });
}

/** @throws FactoryError INVALID_ARGUMENT for less than one event, TOO_LARGE for more than a page may have. */
export function checkPageSize(events: number): void {
  if (!Number.isSafeInteger(events) || events < 1) throw new FactoryError("INVALID_ARGUMENT", "A page has at least one event.");
  if (events > LOG_LIMITS.pageEvents)
    throw overLimit("pageEvents", `A page of ${events} events was asked for`, "Read several pages, each after the last seq of the one before.");
}

/** @throws FactoryError INVALID_ARGUMENT for anything but a whole number from 0 on. */
export function checkCursor(after: number): void {
  if (!Number.isSafeInteger(after) || after < 0) throw new FactoryError("INVALID_ARGUMENT", "A cursor is a seq: a whole number from 0 on.");
}
