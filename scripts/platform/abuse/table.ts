/** The whole table. */
import type { AbuseCase } from "./case.ts";
import { ADMINISTRATION_CASES } from "./cases/administration.ts";
import { CREDENTIAL_CASES } from "./cases/credentials.ts";
import { ENVELOPE_CASES } from "./cases/envelopes.ts";
import { LINEAR_CASES } from "./cases/linear.ts";
import { MESSAGE_CASES } from "./cases/messages.ts";
import { REVIEW_CASES } from "./cases/reviews.ts";
import { SIGNAL_CASES } from "./cases/signals.ts";
import { SIZE_CASES } from "./cases/sizes.ts";
import { TENANCY_CASES } from "./cases/tenancy.ts";

/** Every case, in the order in which they are run: those of a group follow one another. */
export const ABUSE_CASES: readonly AbuseCase[] = [
  ...CREDENTIAL_CASES,
  ...TENANCY_CASES,
  ...ENVELOPE_CASES,
  ...REVIEW_CASES,
  ...SIGNAL_CASES,
  ...MESSAGE_CASES,
  ...LINEAR_CASES,
  ...ADMINISTRATION_CASES,
  ...SIZE_CASES,
];

/** Groups in the order of their cases. */
export const ABUSE_GROUPS: readonly string[] = [...new Set(ABUSE_CASES.map(({ group }) => group))];
