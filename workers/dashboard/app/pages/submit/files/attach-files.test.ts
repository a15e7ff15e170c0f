import { MAX_SUBMISSION_BYTES } from "@factory/schemas";
import { describe, expect, it } from "vitest";
import { attachFiles, attachedPath, pathFault, renamed, type OfferedFile } from "./attach-files.ts";
import { openOrder } from "./open-order.ts";

function aFile(path: string, content: string | Uint8Array = "text"): OfferedFile {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { path, size: bytes.length, arrayBuffer: async () => Uint8Array.from(bytes).buffer };
}
const big = (path: string, size: number): OfferedFile => aFile(path, new Uint8Array(size).fill(120));

describe("files that are offered", () => {
  it("are attached in path order, and one takes the place of another with its path", async () => {
    const before = [{ path: "src/b.ts", content: "old" }];
    const { files, refused } = await attachFiles(before, [aFile("src/b.ts", "new"), aFile("src/a.ts", "ä")], [], 0);
    expect([files, refused]).toEqual([
      [
        { path: "src/a.ts", content: "ä" },
        { path: "src/b.ts", content: "new" },
      ],
      [],
    ]);
  });

  it("are refused one by one, with the reason", async () => {
    const { files, refused } = await attachFiles([], [aFile("a.bin", Uint8Array.of(0xff, 0xfe)), aFile("x/../y.ts"), aFile("ok.ts")], [], 0);
    expect(files.map(({ path }) => path)).toEqual(["ok.ts"]);
    expect(refused).toEqual([
      { path: "a.bin", reason: "It is not UTF-8 text." },
      { path: "x/../y.ts", reason: expect.stringContaining("relative") },
    ]);
  });

  it("are refused from the first byte beyond the limit, the order and what is attached counted in", async () => {
    const before = [{ path: "ä.ts", content: "ä" }];
    const take = async (size: number) => (await attachFiles(before, [big("b.ts", size)], [], 10)).refused.length;
    expect([await take(MAX_SUBMISSION_BYTES - 12), await take(MAX_SUBMISSION_BYTES - 11)]).toEqual([0, 1]);
  });

  it("do not count twice when they take the place of themselves", async () => {
    const half = { path: "a.ts", content: "x".repeat(MAX_SUBMISSION_BYTES / 2 + 1) };
    expect((await attachFiles([half], [big("a.ts", MAX_SUBMISSION_BYTES / 2 + 1)], [], 0)).refused).toEqual([]);
  });
});

describe("the path of an attached file", () => {
  it.each([
    ["a.test.ts", ["tests/a.test.ts"], "tests/a.test.ts"],
    ["a.test.ts", ["tests/*.test.ts"], "tests/a.test.ts"],
    ["a.ts", ["src/*.ts", "tests/*.ts"], "a.ts"],
    ["a.ts", ["one/a.ts", "two/a.ts"], "a.ts"],
    ["shop/tests/a.test.ts", ["tests/**/*.ts"], "tests/a.test.ts"],
    ["tests/a.test.ts", ["tests/*.ts"], "tests/a.test.ts"],
    ["shop/notes.md", [], "shop/notes.md"],
    ["./src/a.ts", [], "src/a.ts"],
  ])("of %s for an order that names %j is %s", (offered, named, path) => {
    expect(attachedPath(offered, named)).toBe(path);
  });

  it("may be corrected, as long as it is one that an order may carry", () => {
    const files = [
      { path: "a.ts", content: "a" },
      { path: "b.ts", content: "b" },
    ];
    expect(renamed(files, "a.ts", "src/a.ts").map(({ path }) => path)).toEqual(["b.ts", "src/a.ts"]);
    expect([pathFault("src/a.ts"), pathFault("../a.ts") === null, pathFault("/a.ts") === null, pathFault("")?.length === 0]).toEqual([
      null,
      false,
      false,
      false,
    ]);
  });
});

describe("an order that is opened", () => {
  const ORDER = "---\nfiles: [src/*.ts]\n---\r\n# A\r\n";

  it("is the Markdown file nearest to the top, with the rest attached as it names them", async () => {
    const opened = await openOrder([aFile("shop/src/a.ts", "a"), aFile("shop/docs/notes.md"), aFile("shop/order.md", ORDER)]);
    expect(opened).toMatchObject({
      ok: true,
      draft: { text: ORDER.replaceAll("\r", ""), files: [{ path: "docs/notes.md" }, { path: "src/a.ts", content: "a" }] },
    });
  });

  it.each([
    ["no Markdown", [aFile("a.ts")]],
    ["no text", [aFile("order.md", Uint8Array.of(0xff))]],
    ["too large", [big("order.md", 1_048_577)]],
  ])("is refused when it is %s, with the reason", async (_name, offered) => {
    expect(await openOrder(offered)).toEqual({ ok: false, reason: expect.stringMatching(/Markdown|UTF-8|larger/) });
  });
});
