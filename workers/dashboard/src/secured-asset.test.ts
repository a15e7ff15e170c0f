import { describe, expect, it } from "vitest";
import { isForNobody, securedAsset } from "./secured-asset.ts";

const asset = (type: string, status = 200): Response => new Response("x", { status, headers: { "content-type": type, etag: '"1"' } });

describe("an asset", () => {
  it("lets no script run that is not a file of the page, and no frame hold it", () => {
    const policy = securedAsset(new URL("https://factory.test/"), asset("text/html")).headers.get("content-security-policy");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe-eval");
  });

  it("is kept for good when its name is made from its content", () => {
    const { headers } = securedAsset(new URL("https://factory.test/assets/index-abc.js"), asset("text/javascript"));
    expect(headers.get("cache-control")).toContain("immutable");
  });

  it("is asked for anew when it is the page, under whatever path", () => {
    for (const path of ["/", "/sessions", "/assets/gone.js"]) {
      expect(securedAsset(new URL(path, "https://factory.test"), asset("text/html; charset=utf-8")).headers.get("cache-control")).toBe("no-cache");
    }
  });

  it("keeps its status and what it said of itself", () => {
    const response = securedAsset(new URL("https://factory.test/x"), asset("text/plain", 404));
    expect([response.status, response.headers.get("etag")]).toEqual([404, '"1"']);
  });
});

describe("the page in the place of something else", () => {
  const ask = (path: string, accept: string): boolean => isForNobody(new Request(`https://factory.test${path}`, { headers: { accept } }), asset("text/html"));

  it("is shown to a browser under every path, and to anybody under its own", () => {
    expect([ask("/sessions/SESS-1", "text/html,*/*"), ask("/", "*/*")]).toEqual([false, false]);
  });

  it("is not shown to a client that asked for data or for a file that is gone", () => {
    expect([ask("/sessions/SESS-1", "application/json"), ask("/assets/gone.js", "*/*")]).toEqual([true, true]);
  });

  it("is not looked for in a file", () => {
    expect(isForNobody(new Request("https://factory.test/icon.svg"), asset("image/svg+xml"))).toBe(false);
  });
});
