/** What is installed, read from the manifests on disk: that is what runs, whatever a lockfile says. */
import { existsSync, lstatSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { REPOSITORY } from "./repository.ts";

const manifest = z.looseObject({
  name: z.string().min(1),
  version: z.string().min(1),
  license: z.unknown().optional(),
  licenses: z.unknown().optional(),
});

/** A package of the store; `licence` is undefined where its manifest names none in SPDX's form. */
export type InstalledPackage = { readonly name: string; readonly version: string; readonly licence: string | undefined };

/** Where pnpm keeps each package once. */
const STORE = join(REPOSITORY, "node_modules", ".pnpm");

/**
 * Every installed package, each version once, sorted by name.
 *
 * @throws Error when nothing is installed, or a package has no readable manifest: what is not read is not checked
 */
export function installedPackages(store: string = STORE): readonly InstalledPackage[] {
  if (!existsSync(store)) throw new Error(`Nothing is installed in ${store}.`);
  const found = new Map<string, InstalledPackage>();
  for (const folder of packageFolders(store)) {
    const { name, version, license, licenses } = manifest.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
    found.set(`${name}@${version}`, { name, version, licence: licenceText(license) ?? licenceText(licenses) });
  }
  if (found.size === 0) throw new Error(`No package is installed in ${store}.`);
  return [...found.values()].sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

/** Folders of packages themselves: the links beside them lead to packages that have a folder of their own. */
function packageFolders(store: string): string[] {
  return readdirSync(store).flatMap((entry) => {
    const modules = join(store, entry, "node_modules");
    if (entry === "node_modules" || !existsSync(modules)) return [];
    return readdirSync(modules)
      .filter((name) => !name.startsWith("."))
      .flatMap((name) => (name.startsWith("@") ? readdirSync(join(modules, name)).map((scoped) => join(modules, name, scoped)) : [join(modules, name)]))
      .filter((folder) => !lstatSync(folder).isSymbolicLink());
  });
}

const oldForm = z.union([z.string(), z.object({ type: z.string() }).transform(({ type }) => type)]);

/** A licence as text; the forms of old manifests are read, too, and several in a list are a choice. */
function licenceText(value: unknown): string | undefined {
  const one = oldForm.safeParse(value);
  if (one.success) return one.data.trim() === "" ? undefined : one.data;
  const several = z.array(oldForm).min(1).safeParse(value);
  return several.success ? `(${several.data.join(" OR ")})` : undefined;
}
