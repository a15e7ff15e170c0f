/** How `npm start` and the demo start the platform: what its environment variables say. */
import { join, resolve } from "node:path";
import type { AuthorityRegistry } from "../../workers/linear-bridge/src/authority/authority-registry.ts";
import { AuthorityFileError, readAuthorityFile } from "../linear/authority-file.ts";
import type { HostOptions } from "../platform/host-input.ts";
import type { LinearOptions } from "../platform/platform.ts";
import { PlatformStartError } from "../platform/spawn.ts";
import { REPOSITORY } from "./repository.ts";

const DEFAULT_PORT = 8787;
/** Linear's own API. */
export const LINEAR_API_URL = "https://api.linear.app/graphql";
/** Path of the authority registry in the repository. */
export const DEFAULT_AUTHORITY = join("workers", "linear-bridge", "config", "authority.yaml");

/** Help text of the variables, a line each. */
export const HOST_VARIABLES_HELP = `  PORT            the port (default ${DEFAULT_PORT})
  FACTORY_STATE   the folder that keeps its state and its log (default .factory/local)
  FACTORY_URL     its address as people reach it, for links (default the loopback port)
  FACTORY_MODELS, MODEL_BASE_URL, MODEL_API_KEY   which models work; without them the offline model does
  FACTORY_MODEL_PRICES   what they cost, in US dollars per million tokens: {"gpt-*":{"input":1.25,"output":10}}`;

/** The same of the variables that have people steer in Linear. */
export const LINEAR_VARIABLES_HELP = `Linear, where people steer; without the first two nothing is sent there and no webhook is believed:
  FACTORY_LINEAR_API_KEY          the key of the account that writes the issues
  FACTORY_LINEAR_WEBHOOK_SECRET   the secret of the webhook to /webhooks/linear
  FACTORY_LINEAR_AUTHORITY        the file that says who may decide (default ${DEFAULT_AUTHORITY})
  FACTORY_LINEAR_API_URL          the GraphQL API (default ${LINEAR_API_URL})`;

/** PORT, FACTORY_STATE and FACTORY_URL, or their defaults. @throws PlatformStartError for one that cannot be meant */
export function hostOptionsFrom(env: NodeJS.ProcessEnv): HostOptions {
  const port = Number(env["PORT"] ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new PlatformStartError(`PORT must be a number from 1 to 65535, not ${JSON.stringify(env["PORT"])}.`);
  }
  const state = env["FACTORY_STATE"];
  const url = textOf(env, "FACTORY_URL");
  return {
    port,
    announce: true,
    ...(state === undefined ? {} : { stateDirectory: resolve(state) }),
    ...(url === undefined ? {} : { publicUrl: webAddress("FACTORY_URL", url).href }),
  };
}

const REQUIRED = ["FACTORY_LINEAR_API_KEY", "FACTORY_LINEAR_WEBHOOK_SECRET"] as const;
const OPTIONAL = ["FACTORY_LINEAR_AUTHORITY", "FACTORY_LINEAR_API_URL"] as const;

/**
 * The FACTORY_LINEAR variables; undefined where none is set.
 *
 * @throws PlatformStartError when some are set and a needed one is not, for an address that a key must not be sent to, and for a
 *   registry that is none, by line
 */
export function linearOptionsFrom(env: NodeJS.ProcessEnv): (LinearOptions & { readonly authority: AuthorityRegistry }) | undefined {
  const set = [...REQUIRED, ...OPTIONAL].filter((name) => textOf(env, name) !== undefined);
  if (set.length === 0) return undefined;
  const [apiKey, webhookSecret] = REQUIRED.map((name) => textOf(env, name));
  if (apiKey === undefined || webhookSecret === undefined) {
    const missing = REQUIRED.filter((name) => !set.includes(name));
    throw new PlatformStartError(
      `Linear is set up in part: ${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing. Set ${missing.length === 1 ? "it" : "them"}, or unset ${set.join(", ")} to start without Linear.`,
    );
  }
  const apiUrl = webAddress("FACTORY_LINEAR_API_URL", textOf(env, "FACTORY_LINEAR_API_URL") ?? LINEAR_API_URL);
  if (apiUrl.protocol !== "https:" && !isLoopback(apiUrl)) {
    throw new PlatformStartError(`FACTORY_LINEAR_API_URL must be https, since the API key is sent there, not ${apiUrl.href}.`);
  }
  const file = textOf(env, "FACTORY_LINEAR_AUTHORITY");
  return { apiUrl: apiUrl.href, apiKey, webhookSecret, authority: authorityIn(file === undefined ? join(REPOSITORY, DEFAULT_AUTHORITY) : resolve(file)) };
}

/** A variable's text; undefined where it is not set or blank. */
function textOf(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === "" ? undefined : text;
}

function webAddress(name: string, text: string): URL {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new PlatformStartError(`${name} must be an address that begins with http:// or https://, not ${JSON.stringify(text)}.`);
  }
  return url;
}

/** Whether an address is one of this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function authorityIn(path: string): AuthorityRegistry {
  try {
    return readAuthorityFile(path);
  } catch (err) {
    if (!(err instanceof AuthorityFileError)) throw err;
    throw new PlatformStartError(`Who may decide in Linear is not known:\n${err.message}`);
  }
}
