/** The sandbox's two routes. */
import { SANDBOX_CHECK_PATH, checkJob } from "@factory/schemas";
import { z } from "zod";
import type { CheckRunner } from "./check-runner.ts";

/** Answers `POST /check` with a report and `GET /health` with the Worker's health. A body that is no job is answered 400. */
export async function answer(request: Request, runner: Pick<CheckRunner, "run">): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/health" && request.method === "GET") return Response.json({ worker: "sandbox", ok: true });
  if (pathname !== SANDBOX_CHECK_PATH) return new Response("Not found\n", { status: 404 });
  if (request.method !== "POST") return new Response("Use POST\n", { status: 405, headers: { allow: "POST" } });
  const job = checkJob.safeParse(await bodyOf(request));
  if (!job.success) return Response.json({ code: "INVALID_ARGUMENT", message: z.prettifyError(job.error) }, { status: 400 });
  return Response.json(await runner.run(job.data));
}

async function bodyOf(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch (err) {
    // What is not JSON is no job either; the schema says so.
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
}
