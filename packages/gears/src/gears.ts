/** Gears: how each role works: its team, its model alias, its tools and its bounds. */
import { contentId, FactoryError, ROLES } from "@factory/schemas";
import type { Id, Role } from "@factory/schemas";
import { isToolName } from "./tools.ts";
import type { ToolName } from "./tools.ts";

/** Aliases of the model registry that gears use. */
export type ModelAlias = "factory/coder" | "factory/fast" | "factory/critic";

export type Gear = {
  readonly name: string;
  readonly role: Role;
  readonly team: string;
  readonly model: { readonly alias: ModelAlias; readonly thinking: "none" | "low" | "medium" | "high" };
  /** Tools the role may call. A bead gets these and no other, and only as far as the registry has them. */
  readonly tools: readonly ToolName[];
  /** Tools without which the role cannot do its job; always permitted, which `gearProblems` checks. */
  readonly needs: readonly ToolName[];
  readonly retryPolicy: { readonly maxAttempts: number; readonly backoffMs: number };
  /** Longest attempt, in milliseconds. */
  readonly timeoutMs: number;
};

/** An attempt that makes no progress for this long is given up, in milliseconds: five minutes. */
const ATTEMPT_TIMEOUT_MS = 5 * 60_000;
/** First pause between two attempts, in milliseconds; long enough for a provider's hiccup. */
const RETRY_BACKOFF_MS = 250;

/**
 * Bounds of one attempt of a role that works with a model. Write, check and mend takes three steps, so these are a dozen
 * rounds; an answer may be a file of the size a unit has, several times over.
 */
export const ATTEMPT_BOUNDS = { steps: 40, outputTokens: 16_000 } as const;

const retryPolicy = { maxAttempts: 3, backoffMs: RETRY_BACKOFF_MS };

/** The gear of each role. The verifier has no tools: the platform runs its checks, and no agent can sway them. */
export const GEARS: { readonly [R in Role]: Gear & { readonly role: R } } = {
  coder: {
    name: "coder",
    role: "coder",
    team: "build",
    model: { alias: "factory/coder", thinking: "low" },
    tools: ["read_file", "write_file", "list_files", "search_files", "run_checks", "run_code", "ask_clarification"],
    needs: ["read_file", "write_file", "run_checks"],
    retryPolicy,
    timeoutMs: ATTEMPT_TIMEOUT_MS,
  },
  integrator: {
    name: "integrator",
    role: "integrator",
    team: "build",
    model: { alias: "factory/fast", thinking: "none" },
    tools: ["read_file", "write_file", "list_files", "search_files", "run_checks", "ask_clarification"],
    needs: ["read_file", "write_file", "list_files", "run_checks"],
    retryPolicy,
    timeoutMs: ATTEMPT_TIMEOUT_MS,
  },
  "verifier:outcome": {
    name: "verifier-outcome",
    role: "verifier:outcome",
    team: "assurance",
    model: { alias: "factory/critic", thinking: "none" },
    tools: [],
    needs: [],
    retryPolicy: { maxAttempts: 1, backoffMs: 0 },
    timeoutMs: ATTEMPT_TIMEOUT_MS,
  },
};

/** Content id of a gear for an org; another policy or model is another gear. */
export function gearId(org: string, gear: Gear): Id<"GEAR"> {
  return contentId("GEAR", { kind: "Gear", org, content: gear, parents: [] });
}

/**
 * Tools a role really has: what its gear permits, as far as the registry has it. Nothing else ever widens it.
 */
export function permittedTools(gear: { readonly tools: readonly string[] }): ToolName[] {
  return gear.tools.filter(isToolName);
}

/** What a self-check looks at; plain names, so that a broken configuration can be checked at all. */
export type GearConfiguration = {
  readonly gears: { readonly [role: string]: { readonly role: string; readonly tools: readonly string[]; readonly needs: readonly string[] } };
  readonly roles: readonly string[];
  /** Names in the tool registry. */
  readonly tools: readonly string[];
  /** Tools each role's default consent grants. */
  readonly grants: { readonly [role: string]: readonly string[] };
};

/**
 * What is wrong with a configuration of gears, one sentence each; empty when every role can do its own job: it has a
 * gear, each tool is registered, each needed tool is permitted, and each permitted tool is granted.
 *
 * @see https://github.com/Kilo-Org/cloud/issues/1964
 */
export function gearProblems({ gears, roles, tools, grants }: GearConfiguration): string[] {
  const registered = new Set(tools);
  return roles.flatMap((role) => {
    const gear = Object.hasOwn(gears, role) ? gears[role] : undefined;
    if (gear === undefined) return [`The role ${role} has no gear.`];
    const granted = new Set(Object.hasOwn(grants, role) ? grants[role] : []);
    return [
      ...(gear.role === role ? [] : [`The gear of ${role} is made for ${gear.role}.`]),
      ...gear.tools.filter((name) => !registered.has(name)).map((name) => `The gear of ${role} permits ${name}, which is not in the tool registry.`),
      ...gear.needs.filter((name) => !gear.tools.includes(name)).map((name) => `The role ${role} needs ${name} and its gear does not permit it.`),
      ...gear.tools.filter((name) => !granted.has(name)).map((name) => `The role ${role} may use ${name} and its default consent does not grant it.`),
    ];
  });
}

/**
 * Refuses to start on a configuration in which a role cannot do its own job.
 *
 * @throws FactoryError INTERNAL with every problem
 */
export function requireSoundGears(configuration: GearConfiguration): void {
  const problems = gearProblems(configuration);
  if (problems.length > 0) throw new FactoryError("INTERNAL", `The gears are not sound: ${problems.join(" ")}`, { problems });
}

/** Every role there is, for the self-check. */
export const GEAR_ROLES: readonly Role[] = ROLES;
