/** Checks the licence of every installed package against `scripts/lib/licence-policy.ts`. Unknown is not allowed. */
import { installedPackages, type InstalledPackage } from "./lib/installed-packages.ts";
import { ALLOWED_FOR, ALLOWED_LICENCES } from "./lib/licence-policy.ts";

/** Why a package may not be used; undefined when it may. */
export function licenceFault({ name, version, licence }: InstalledPackage): string | undefined {
  if (licence === undefined) return `${name}@${version} names no licence`;
  const special = ALLOWED_FOR.filter((each) => (each.name.endsWith("*") ? name.startsWith(each.name.slice(0, -1)) : name === each.name));
  const isAllowed = (id: string): boolean => ALLOWED_LICENCES.has(id) || special.some((each) => each.licence === id);
  return allows(licence, isAllowed) ? undefined : `${name}@${version} is under ${licence}, which is not allowed`;
}

/**
 * Whether an SPDX expression holds: of alternatives one must be allowed, of what holds together all. What is no such expression is
 * not allowed.
 *
 * @see https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/
 */
function allows(expression: string, isAllowed: (id: string) => boolean): boolean {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const factor = (): boolean | undefined => {
    const token = tokens[at++];
    if (token === undefined || token === ")" || token === "AND" || token === "OR") return undefined;
    if (token !== "(") return isAllowed(token);
    const inner = choice();
    return tokens[at++] === ")" ? inner : undefined;
  };
  const joined = (operator: string, part: () => boolean | undefined, join: (a: boolean, b: boolean) => boolean) => (): boolean | undefined => {
    let value = part();
    while (value !== undefined && tokens[at] === operator) {
      at += 1;
      const next = part();
      value = next === undefined ? undefined : join(value, next);
    }
    return value;
  };
  const together = joined("AND", factor, (a, b) => a && b);
  const choice = joined("OR", together, (a, b) => a || b);
  return choice() === true && at === tokens.length;
}

if (import.meta.main) {
  const packages = installedPackages();
  const faults = packages.flatMap((each) => licenceFault(each) ?? []);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) console.error("Leave the package out, or have scripts/lib/licence-policy.ts say why it may stay.");
  else console.log(`${packages.length} packages, all under licences of the list`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
