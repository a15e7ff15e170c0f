import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { REPOSITORY } from "./lib/repository.ts";

describe("docs/SECURITY.md", () => {
  const page = readFileSync(join(REPOSITORY, "docs", "SECURITY.md"), "utf8");
  const links = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);

  it("links to what exists only, and a file's name is the one that it links to", () => {
    expect(links.length).toBeGreaterThan(40);
    expect(links.filter((target) => !existsSync(join(REPOSITORY, "docs", target)))).toEqual([]);
    const named = [...page.matchAll(/\[`([^`]+)`\]\(([^)\s]+)\)/g)].filter(([, name = "", target = ""]) => !target.endsWith(name.replace(/\/$/, "")));
    expect(named.map(([text]) => text)).toEqual([]);
  });

  it("quotes only what a test that it links to says", () => {
    const quoted = [...page.matchAll(/\[`[^`]+\.test\.ts`\]\(([^)\s]+)\) \("([^"]+)"\)/g)];
    expect(quoted.length).toBeGreaterThan(3);
    for (const [, target = "", words = ""] of quoted) expect(readFileSync(join(REPOSITORY, "docs", target), "utf8"), target).toContain(words);
  });
});
