/** Starting trees for tests, from the text of their files. */
import { sha256Hex } from "@factory/schemas";
import { repositoryMapOf } from "../repository-map.ts";
import type { BaseTree } from "../targets.ts";

/** A starting tree with these files, all of them known. */
export function aBase(files: { readonly [path: string]: string }): BaseTree {
  return {
    tree: Object.fromEntries(Object.entries(files).map(([path, content]) => [path, sha256Hex(content)])),
    repository: repositoryMapOf(Object.entries(files)),
  };
}
