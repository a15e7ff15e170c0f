/** The files of a bead: content-addressed blobs, trees, change sets, and the scoped workspace an operative works in. */
export * from "./blob-store.ts";
export * from "./change-set.ts";
export * from "./file-scope.ts";
export * from "./patient-bucket.ts";
export * from "./three-way-merge.ts";
export * from "./workspace.ts";
