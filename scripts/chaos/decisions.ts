/** The driver's side of the faulty bindings: each call asks here what is to happen to it, since the driver outlives every kill. */
import { createServer } from "node:http";
import { z } from "zod";
import type { FaultPlan } from "./faults.ts";

const question = z.object({ kind: z.enum(["r2", "kv", "d1", "queue"]), site: z.string().min(1) });

/** A running server of decisions. */
export type Decisions = { readonly address: string; close(): Promise<void> };

/** Answers each question from the plan, on a free port of 127.0.0.1. */
export async function serveDecisions(plan: FaultPlan): Promise<Decisions> {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "http://chaos");
    const asked = question.safeParse(Object.fromEntries(searchParams));
    response.writeHead(asked.success ? 200 : 400, { "content-type": "application/json" });
    response.end(JSON.stringify(asked.success ? plan.ofBinding(asked.data.kind, asked.data.site) : z.prettifyError(asked.error)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("The server of decisions is not listening.");
  return {
    address: `127.0.0.1:${address.port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
