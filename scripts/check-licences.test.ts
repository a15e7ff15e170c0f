import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { licenceFault } from "./check-licences.ts";
import { installedPackages } from "./lib/installed-packages.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function aStore(...manifests: object[]): string {
  const store = mkdtempSync(join(tmpdir(), "factory-store-"));
  folders.push(store);
  manifests.forEach((manifest, index) => {
    const folder = join(store, `package-${index}`, "node_modules", "@scope", `package-${index}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  });
  return store;
}

const aPackage = (licence: string | undefined, name = "some") => ({ name, version: "1.0.0", licence });

describe("the licences of what is installed", () => {
  it("are all allowed, and there are hundreds of packages to look at", () => {
    const packages = installedPackages();
    expect(packages.length).toBeGreaterThan(300);
    expect(packages.flatMap((each) => licenceFault(each) ?? [])).toEqual([]);
  });

  it("are refused by name when missing, unknown or no expression", () => {
    for (const licence of [undefined, "GPL-3.0-only", "SEE LICENSE IN LICENSE.md", "UNLICENSED", "MIT AND", "(MIT", "MIT)", "MIT ISC", "OR", "MIT WITH x"])
      expect(licenceFault(aPackage(licence)), String(licence)).toContain("some@1.0.0");
  });

  it("need one of alternatives and all that hold together", () => {
    for (const licence of ["MIT", "(GPL-3.0-only OR MIT)", "Apache-2.0 AND (ISC OR SSPL-1.0)", "GPL-2.0-only OR MIT AND ISC"])
      expect(licenceFault(aPackage(licence)), licence).toBeUndefined();
    for (const licence of ["MIT AND GPL-3.0-only", "(MIT OR ISC) AND SSPL-1.0", "GPL-2.0-only OR MIT AND SSPL-1.0"])
      expect(licenceFault(aPackage(licence)), licence).toContain("not allowed");
  });

  it("that only some packages may have do not pass for others", () => {
    expect(licenceFault(aPackage("MPL-2.0", "axe-core"))).toBeUndefined();
    expect(licenceFault(aPackage("MPL-2.0", "axe-core-extras"))).toContain("not allowed");
    expect(licenceFault(aPackage("LGPL-3.0-or-later", "@img/sharp-libvips-linux-x64"))).toBeUndefined();
    expect(licenceFault(aPackage("LGPL-3.0-or-later", "sharp"))).toContain("not allowed");
  });
});

describe("the list of installed packages", () => {
  it("reads licences of old manifests and leaves out what names none", () => {
    const store = aStore(
      { name: "a", version: "1.0.0", license: { type: "MIT", url: "x" } },
      { name: "b", version: "1.0.0", licenses: [{ type: "MIT" }, { type: "GPL-2.0" }] },
      { name: "c", version: "1.0.0" },
      { name: "d", version: "1.0.0", license: "" },
    );
    expect(installedPackages(store).map(({ name, licence }) => [name, licence])).toEqual([
      ["a", "MIT"],
      ["b", "(MIT OR GPL-2.0)"],
      ["c", undefined],
      ["d", undefined],
    ]);
  });

  it("is never empty and skips no package that it cannot read", () => {
    expect(() => installedPackages(aStore())).toThrow(/No package/);
    expect(() => installedPackages(join(aStore(), "absent"))).toThrow(/Nothing is installed/);
    expect(() => installedPackages(aStore({ name: "no-version" }))).toThrow(/version/);
  });
});
