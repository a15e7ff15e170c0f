/** Parts of an address. The small form of zod is used, since every page reads its address before anything else of it is there. */
import { catch as orElse, optional, type ZodMiniCatch, type ZodMiniOptional, type ZodMiniType } from "zod/mini";

/** A part that may be absent; one that is not understood is left out, so that an old or mistyped link still leads somewhere. */
export function inAddress<Part extends ZodMiniType>(part: Part): ZodMiniCatch<ZodMiniOptional<Part>> {
  return orElse(optional(part), undefined);
}
