/** Review modes in words. */
import type { ReviewMode } from "@factory/schemas";

/** Who decides about a plan before it is built, by mode. */
export const REVIEW_TEXTS: { readonly [M in ReviewMode]: string } = {
  auto: "auto: nobody approves",
  human: "human: a person approves",
  hybrid: "hybrid: a person, unless checks decide all",
};
