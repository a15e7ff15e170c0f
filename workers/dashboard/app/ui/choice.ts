/** One of several that a person chooses from. */
export type Choice<Id extends string> = { readonly id: Id; readonly text: string; readonly count?: number };
