/** What setting up Linear says of each thing it looked at. */

/**
 * `unchanged`: it is as it should be. `changed`: it is now. `planned`: it would be, without `--dry-run`. `left`: a command of the
 * reader's does it. `problem`: it is not, and only a person can mend it.
 */
export type StepOutcome = "unchanged" | "changed" | "planned" | "left" | "problem";

/** One thing: of which organisation, unless it is of all, and what to do about it if something is. */
export type SetupStep = {
  readonly subject: "team" | "states" | "label" | "webhook" | "secret" | "registry";
  readonly org?: string;
  readonly outcome: StepOutcome;
  readonly text: string;
};

/** Nothing more can be set up; the message says what to do. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}
