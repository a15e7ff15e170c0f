import { expect, test } from "vitest";
import { campaignName, hostOf, isEncrypted, pathParts, shortLink, withCampaign } from "../src/index.ts";

test("a link is taken apart", () => {
  expect([isEncrypted("https://"), isEncrypted("https:/x"), isEncrypted("xhttps://a")]).toEqual([true, false, false]);
  expect([hostOf("https://a.b.c/d?e=f"), hostOf("http://x/y/z/")]).toEqual(["a.b.c", "x"]);
  expect([pathParts("///"), pathParts("one/two//three"), pathParts("/a b/")]).toEqual([[], ["one", "two", "three"], ["a b"]]);
});

test("a link is put together", () => {
  expect(withCampaign("https://z.example/q", "n")).toBe("https://z.example/q?campaign=n");
  expect(campaignName("A B c D")).toBe("a_b_c_d");
  expect(shortLink("aBcD")).toBe("https://sho.rt/abcd");
});
