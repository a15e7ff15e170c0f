/** How `npm start` and the demo start the platform. */
import { resolve } from "node:path";
import type { HostOptions } from "../platform/host.ts";

const DEFAULT_PORT = 8787;

/** PORT and FACTORY_STATE, or their defaults. @throws Error when PORT is not a port number. */
export function hostOptionsFrom(env: NodeJS.ProcessEnv): HostOptions {
  const port = Number(env["PORT"] ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`PORT must be a number from 1 to 65535, not ${JSON.stringify(env["PORT"])}.`);
  const state = env["FACTORY_STATE"];
  return { port, announce: true, ...(state === undefined ? {} : { stateDirectory: resolve(state) }) };
}
