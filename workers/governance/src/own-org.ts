/** Whose an object of this Worker is: its name says it, and an object reached by any other name refuses to be made. */
import { FactoryError, parseObjectName } from "@factory/schemas";

/**
 * The organisation of an object.
 *
 * @param kind - first part of the names that the object's class may have
 * @throws FactoryError INTEGRITY for another name: a wrong name would yield a fresh, empty object that reports success.
 */
export function ownOrg(name: string | undefined, kind: "signals" | "directory"): string {
  const parsed = name === undefined ? null : parseObjectName(name);
  if (parsed?.kind !== kind) throw new FactoryError("INTEGRITY", `This object is reached by the name of its ${kind}, not by "${name ?? "an id"}".`);
  return parsed.org;
}
