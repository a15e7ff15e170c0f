import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { afterEach, describe, expect, test } from "vitest";
import { callEachMinute } from "./minute.ts";

/** A gateway whose scheduled handler counts its runs; it fails while its counter stands at `failing`. */
const GATEWAY = `
export default {
  async fetch(request, env) {
    return new URL(request.url).pathname === "/runs" ? new Response((await env.STATE.get("runs")) ?? "0") : new Response(null, { status: 404 });
  },
  async scheduled(controller, env) {
    const runs = Number((await env.STATE.get("runs")) ?? "0") + 1;
    await env.STATE.put("runs", String(runs));
    if (runs === 1) throw new Error("the first sweep fails");
    if (controller.cron !== "* * * * *") throw new Error("another cron");
  },
};`;

let miniflare: Miniflare | undefined;
afterEach(async () => {
  await miniflare?.dispose();
  miniflare = undefined;
});

async function aGateway(): Promise<{ readonly gateway: Miniflare; readonly runs: () => Promise<number>; readonly url: URL }> {
  const gateway = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      workers: [{ name: "factory-gateway", modules: true, script: GATEWAY, compatibilityDate: "2026-08-04", kvNamespaces: ["STATE"] }],
    }),
  );
  miniflare = gateway;
  const url = await gateway.ready;
  return { gateway, url, runs: async () => Number(await (await fetch(new URL("/runs", url))).text()) };
}

describe("the minute of the local platform", () => {
  test("runs the gateway's scheduled handler again and again, also after a run that failed, until it is ended", async () => {
    const { gateway, runs } = await aGateway();
    const failures: string[] = [];
    const end = callEachMinute(gateway, (message) => failures.push(message), 20);
    await expect.poll(runs).toBeGreaterThanOrEqual(3);
    end();
    expect(failures).toHaveLength(1);
  });

  test("opens no route: nobody runs the handler over HTTP", async () => {
    const { runs, url } = await aGateway();
    for (const path of ["/cdn-cgi/handler/scheduled", "/cdn-cgi/mf/scheduled", "/cdn-cgi/local/scheduled", "/__scheduled"]) await fetch(new URL(path, url));
    expect(await runs()).toBe(0);
  });
});
