/** How commands end when they do not succeed. */

/** Exit codes of the command line and the demo. See `contracts.md` 6. */
export const EXIT = { completed: 0, failed: 1, usage: 2, refused: 3, needsPerson: 4 } as const;

/** The command was called wrongly or cannot start; the message says what to do. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
