import { applyD1Migrations } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { beforeAll, describe, expect, test } from "vitest";
import { upsertSession } from "./registry/registry.ts";

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS));

describe("the commissioning Worker", () => {
  test("tells an org's assemblies from the registry, and none of another org's", async () => {
    const entry = {
      workOrderId: "WO-1",
      title: "t",
      state: "COMPLETED",
      reviewMode: "auto",
      runId: null,
      updatedAt: 1,
      endedAt: null,
      reason: null,
      version: 1,
    } as const;
    const rows = [
      { sessionId: "SES-a", org: "told", assembly: "pricing", createdAt: 1 },
      { sessionId: "SES-b", org: "told", assembly: "shop", createdAt: 2 },
      { sessionId: "SES-c", org: "other-org", assembly: "secret", createdAt: 3 },
    ];
    for (const row of rows) await upsertSession(drizzle(env.DB), { ...entry, ...row });
    expect(await exports.default.assemblies("told", 10)).toEqual({ assemblies: ["shop", "pricing"], more: false });
    expect(await exports.default.assemblies("told", 1)).toEqual({ assemblies: ["shop"], more: true });
    expect([await exports.default.hasAssembly("told", "shop"), await exports.default.hasAssembly("told", "secret")]).toEqual([true, false]);
  });

  test("answers health by RPC and nothing over HTTP", async () => {
    expect(await exports.default.health()).toEqual({ worker: "commissioning", ok: true });
    expect((await exports.default.fetch("http://commissioning/anything")).status).toBe(404);
  });
});
