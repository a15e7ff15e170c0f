/** The one place that says which known advisories the project lives with, why, and until when. */

/** An advisory that does not fail the audit until its day has come. */
export type AcceptedAdvisory = {
  /** The advisory's address, as the registry gives it. */
  readonly url: string;
  /** The package it is about. */
  readonly name: string;
  readonly reason: string;
  /** The day it was looked at, `YYYY-MM-DD`. */
  readonly reviewed: string;
  /** The day from which it counts again, `YYYY-MM-DD`. */
  readonly until: string;
};

export const ACCEPTED_ADVISORIES: readonly AcceptedAdvisory[] = [];
