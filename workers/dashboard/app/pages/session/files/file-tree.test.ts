import { describe, expect, it } from "vitest";
import { firstOf, foldersOf, statusCounts, type TreeFile } from "./file-tree.ts";

const aFile = (path: string, status: TreeFile["status"] = "ADDED"): TreeFile => ({ path, status });

describe("the folders of a tree", () => {
  it("come in path order with the top first, and hold each file once", () => {
    const folders = foldersOf([aFile("src/b.ts"), aFile("README.md"), aFile("src/a.ts"), aFile("src/deep/c.ts")]);
    expect(folders.map(({ path, files }) => [path, files.map(({ name }) => name)])).toEqual([
      ["", ["README.md"]],
      ["src", ["a.ts", "b.ts"]],
      ["src/deep", ["c.ts"]],
    ]);
  });

  it("are none for an empty tree", () => {
    expect(foldersOf([])).toEqual([]);
  });
});

describe("a tree", () => {
  it("is counted by status without zeros", () => {
    expect(statusCounts([aFile("a"), aFile("b", "DELETED"), aFile("c")])).toEqual({ ADDED: 2, DELETED: 1 });
  });

  it("opens with the first file that differs", () => {
    expect(firstOf([aFile("a", "UNCHANGED"), aFile("b", "MODIFIED")])?.path).toBe("b");
    expect(firstOf([aFile("a", "UNCHANGED")])?.path).toBe("a");
    expect(firstOf([])).toBeNull();
  });
});
