/** Loopback ports. */
import { createServer } from "node:net";

/** True when nothing listens on the loopback port. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/**
 * Ports that neither Linux nor macOS nor Windows gives to outgoing connections by itself: from the default ranges (32768 or
 * 49152 upwards) a connection of this very test run may take a port between the question and its use.
 */
const QUIET_PORTS = { from: 20_000, count: 12_000 } as const;

/** Ports tried before giving up; each is taken with the odds of servers in the range. */
const PORTS_TRIED = 50;

/** A port nobody listens on now, outside of what the system gives to outgoing connections. @throws Error when every tried one is taken. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < PORTS_TRIED; tried += 1) {
    const port = QUIET_PORTS.from + Math.floor(Math.random() * QUIET_PORTS.count);
    if (await isPortFree(port)) return port;
  }
  throw new Error(`None of ${PORTS_TRIED} ports from ${QUIET_PORTS.from} on is free.`);
}

/** The port is held by another process. */
export class PortTakenError extends Error {
  constructor(port: number) {
    super(`Port ${port} is taken. Stop what listens there, or choose another with PORT=<number>.`);
    this.name = "PortTakenError";
  }
}
