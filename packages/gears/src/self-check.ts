/** The startup self-check over what this package ships. */
import { GEAR_ROLES, GEARS, requireSoundGears } from "./gears.ts";
import { defaultGrants } from "./knowing-state.ts";
import { TOOL_NAMES } from "./tools.ts";

/**
 * Checks that every role can do its own job with its gear, the tool registry and its default consent. A Worker that
 * hands out or takes directives calls it when it starts.
 *
 * @throws FactoryError INTERNAL with every problem
 */
export function checkGears(): void {
  requireSoundGears({ gears: GEARS, roles: GEAR_ROLES, tools: TOOL_NAMES, grants: defaultGrants() });
}
