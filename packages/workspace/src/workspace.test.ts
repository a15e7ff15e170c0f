import * as fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { FactoryError, MAX_FILE_BYTES, sha256Hex } from "@factory/schemas";
import type { Tree } from "@factory/schemas";
import { MemoryBlobStore, cachedBlobStore, decodeText, r2BlobStore, readText } from "./blob-store.ts";
import { applyChangeSet } from "./change-set.ts";
import { matchesGlob, normalisePath } from "./file-scope.ts";
import { WORKSPACE_LIMITS, Workspace, WorkspaceError, migrateWorkspace } from "./workspace.ts";

const SCOPE = { read: ["src/**", "tests/**"], write: ["src/total.ts", "src/parts/*.ts"] };

let storage: NodeSqliteStorage;
let blobs: MemoryBlobStore;

beforeEach(() => {
  storage = new NodeSqliteStorage();
  migrateWorkspace(storage);
  blobs = new MemoryBlobStore();
});

async function treeOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<Tree> {
  const entries = Object.entries(files).map(
    async ([path, content]) => [path, await blobs.put(typeof content === "string" ? new TextEncoder().encode(content) : content)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function aWorkspace(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<Workspace> {
  return Workspace.fresh({ storage, blobs, tree: await treeOf(files), scope: SCOPE, specFiles: [{ path: "order.md", content: "# Order" }] });
}

function faultOf(work: () => unknown): string {
  try {
    work();
  } catch (err) {
    if (err instanceof WorkspaceError) return err.fault;
    throw err;
  }
  return "none";
}

async function faultOfAsync(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (err) {
    if (err instanceof WorkspaceError) return err.fault;
    throw err;
  }
  return "none";
}

test("a workspace shows the tree, the specification files and its own changes over them", async () => {
  const workspace = await aWorkspace({ "src/a.ts": "a", "src/total.ts": "old", "secret/key": "k" });
  workspace.write("/src/total.ts", "new");
  workspace.write("./src/parts/x.ts", "x");
  expect(workspace.list()).toEqual(["spec/order.md", "src/a.ts", "src/parts/x.ts", "src/total.ts"]);
  expect(workspace.list("/src/a")).toEqual(["src/a.ts"]);
  expect(await workspace.read("src/total.ts")).toBe("new");
  expect(await workspace.read("/spec/order.md")).toBe("# Order");
  expect(Object.fromEntries(await workspace.files())).toEqual({ "secret/key": "k", "src/a.ts": "a", "src/parts/x.ts": "x", "src/total.ts": "new" });
});

test("what is outside the scope is neither read nor written", async () => {
  const workspace = await aWorkspace({ "secret/key": "k", "src/a.ts": "a" });
  expect(await faultOfAsync(() => workspace.read("secret/key"))).toBe("OUT_OF_SCOPE");
  expect(faultOf(() => workspace.write("src/a.ts", "mine"))).toBe("OUT_OF_SCOPE");
  expect(faultOf(() => workspace.write("spec/order.md", "mine"))).toBe("OUT_OF_SCOPE");
  expect(faultOf(() => workspace.remove("src/a.ts"))).toBe("OUT_OF_SCOPE");
});

test("a path that climbs out is refused in every form", async () => {
  const workspace = await aWorkspace();
  for (const path of ["../x", "src/../../x", "src//x", "", "/", "src\\x", "a\0b", "src/.", ".."]) {
    expect(faultOf(() => workspace.write(path, "x"))).toBe("BAD_PATH");
  }
});

test("sizes and numbers are bounded", async () => {
  const workspace = await aWorkspace();
  expect(faultOf(() => workspace.write("src/total.ts", "x".repeat(MAX_FILE_BYTES + 1)))).toBe("TOO_LARGE");
  expect(faultOf(() => workspace.write("src/total.ts", "é".repeat(MAX_FILE_BYTES / 2 + 1)))).toBe("TOO_LARGE");
  for (let count = 0; count < WORKSPACE_LIMITS.changedFiles; count++) workspace.write(`src/parts/${count}.ts`, "x");
  expect(faultOf(() => workspace.write("src/total.ts", "x"))).toBe("TOO_LARGE");
  workspace.write("src/parts/0.ts", "again");
});

test("the change set is against the base, leaves out what ended as it began, and stores its contents", async () => {
  const workspace = await aWorkspace({ "src/total.ts": "old", "src/parts/a.ts": "a", "src/parts/b.ts": "b" });
  workspace.write("src/total.ts", "new");
  workspace.write("src/parts/a.ts", "a");
  workspace.remove("src/parts/b.ts");
  workspace.write("src/parts/c.ts", "c");
  const set = await workspace.changeSet();
  expect(set).toEqual([
    { path: "src/parts/b.ts", baseDigest: sha256Hex("b"), digest: null, bytes: 0 },
    { path: "src/parts/c.ts", baseDigest: null, digest: sha256Hex("c"), bytes: 1 },
    { path: "src/total.ts", baseDigest: sha256Hex("old"), digest: sha256Hex("new"), bytes: 3 },
  ]);
  expect(await readText(blobs, sha256Hex("new"))).toBe("new");
  const merged = applyChangeSet(await treeOf({ "src/total.ts": "old", "src/parts/a.ts": "a", "src/parts/b.ts": "b" }), set);
  expect(merged.ok && Object.keys(merged.tree).sort()).toEqual(["src/parts/a.ts", "src/parts/c.ts", "src/total.ts"]);
});

test("a deleted file is gone, and a file that is not there cannot be deleted", async () => {
  const workspace = await aWorkspace({ "src/total.ts": "old" });
  workspace.remove("src/total.ts");
  expect(await faultOfAsync(() => workspace.read("src/total.ts"))).toBe("NOT_FOUND");
  expect(faultOf(() => workspace.remove("src/total.ts"))).toBe("NOT_FOUND");
  expect(workspace.list()).toEqual(["spec/order.md"]);
});

test("a fresh workspace has none of the changes of the bead before", async () => {
  (await aWorkspace()).write("src/total.ts", "left over");
  const next = await aWorkspace();
  expect(next.list()).toEqual(["spec/order.md"]);
  expect(await next.changeSet()).toEqual([]);
});

test("search finds lines with their place, passes over binary files and says when there is more", async () => {
  const workspace = await aWorkspace({
    "src/a.ts": "one\n two needle\n",
    "src/b.bin": new Uint8Array([0xff, 0xfe, 0]),
    "src/c.ts": "needle\n".repeat(WORKSPACE_LIMITS.searchMatches),
  });
  expect((await workspace.search("needle", "src/a.ts")).matches).toEqual([{ path: "src/a.ts", line: 2, text: "two needle" }]);
  expect((await workspace.search("needle")).truncated).toBe(true);
  expect(await faultOfAsync(() => workspace.read("src/b.bin"))).toBe("NOT_TEXT");
});

test("a tree that names a blob nobody stored is an infrastructure fault and not an empty file", async () => {
  const workspace = Workspace.fresh({ storage, blobs, tree: { "src/a.ts": sha256Hex("lost") }, scope: SCOPE, specFiles: [] });
  await expect(workspace.read("src/a.ts")).rejects.toThrow(FactoryError);
  await expect(workspace.files()).rejects.toThrow("not stored");
});

test("blobs in a bucket are checked against their digest and cached by it", async () => {
  const objects = new Map<string, Uint8Array>();
  let reads = 0;
  const bucket = {
    get: async (key: string) => {
      reads += 1;
      const bytes = objects.get(key);
      return bytes === undefined ? null : { arrayBuffer: async () => bytes.slice().buffer };
    },
    put: async (key: string, value: Uint8Array) => void objects.set(key, value),
  };
  const store = cachedBlobStore(r2BlobStore(bucket), 4);
  const digest = await store.put(new TextEncoder().encode("abcd"));
  expect(await readText(store, digest)).toBe("abcd");
  expect(reads).toBe(0);
  const other = await store.put(new TextEncoder().encode("efgh"));
  expect(await readText(store, digest)).toBe("abcd");
  expect(reads).toBe(1);
  for (const key of objects.keys()) if (key.includes(other)) objects.set(key, new TextEncoder().encode("evil"));
  await expect(store.get(other)).rejects.toThrow("other bytes");
  expect(await store.get(sha256Hex("absent"))).toBeNull();
});

test("text is valid UTF-8 without NUL", () => {
  expect(decodeText(new TextEncoder().encode("grün"))).toBe("grün");
  expect(decodeText(new Uint8Array([0xc3]))).toBeNull();
  expect(decodeText(new Uint8Array([97, 0]))).toBeNull();
});

test.each([
  ["src/**", "src/a/b.ts", true],
  ["src/**", "src", true],
  ["src/*.ts", "src/a/b.ts", false],
  ["**/*.test.ts", "tests/deep/a.test.ts", true],
  ["src/?.ts", "src/ab.ts", false],
  ["src/a*b*.ts", "src/axxbyy.ts", true],
  ["**", "any/thing", true],
  ["src/total.ts", "src/total.tsx", false],
  ["src/a.ts", "src/axts", false],
])("glob %s on %s is %s", (pattern, path, expected) => {
  expect(matchesGlob(pattern, path)).toBe(expected);
});

test("a pattern without wildcards matches itself only, and ** matches every path", () => {
  const segment = fc.stringMatching(/^[a-z.]{1,6}$/);
  const paths = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(paths, paths, (one, other) => {
      expect(matchesGlob(one, other)).toBe(one === other);
      expect(matchesGlob("**", other)).toBe(true);
      expect(matchesGlob(`${one}/**`, `${one}/${other}`)).toBe(true);
    }),
  );
});

test("normalised paths are stable", () => {
  expect(normalisePath(" /src/a.ts ")).toBe("src/a.ts");
  expect(normalisePath(".//src/a.ts")).toBe("src/a.ts");
  expect(normalisePath("../a")).toBeNull();
});
