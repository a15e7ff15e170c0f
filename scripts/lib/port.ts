/** The one port. */

const DEFAULT_PORT = 8787;

/** PORT, or the default. @throws Error when it is not a port number. */
export function portFrom(env: NodeJS.ProcessEnv): number {
  const port = Number(env["PORT"] ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`PORT must be a number from 1 to 65535, not ${JSON.stringify(env["PORT"])}.`);
  return port;
}
