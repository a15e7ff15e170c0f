/** The repository map of a request's starting tree, made from the stored files: a compile itself reads nothing. */
import { isModulePath, repositoryMapOf } from "@factory/compiler";
import { FactoryError, refuse } from "@factory/schemas";
import type { RepositoryMap, Result, Tree } from "@factory/schemas";
import { textFiles } from "@factory/workspace";
import type { BlobStore } from "@factory/workspace";

/**
 * Maps the source files of a tree. Contents are named by their digest, so a repeat makes the same map. Refuses UNAVAILABLE
 * while a file of the tree is not stored, INTEGRITY where other bytes are stored than its digest says.
 */
export async function repositoryOf(blobs: BlobStore, tree: Tree): Promise<Result<{ repository: RepositoryMap }>> {
  const modules = Object.fromEntries(Object.entries(tree).filter(([path]) => isModulePath(path)));
  try {
    return { ok: true, repository: repositoryMapOf(await textFiles(blobs, modules)) };
  } catch (err) {
    if (err instanceof FactoryError) return refuse(err.code, err.message);
    throw err;
  }
}
