import { RetryableError } from "@factory/durable";
import { blobKey, sha256Hex } from "@factory/schemas";
import type { ChangeEntry } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { changeText, MAX_CHANGE_CHARS, plainText } from "./change-text.ts";

class Contents {
  readonly #blobs = new Map<string, Uint8Array>();

  put(text: string): string {
    const bytes = new TextEncoder().encode(text);
    const digest = sha256Hex(bytes);
    this.#blobs.set(blobKey.content(digest), bytes);
    return digest;
  }

  async get(key: string): Promise<Uint8Array | null> {
    return this.#blobs.get(key) ?? null;
  }

  change(path: string, before: string | null, after: string | null): ChangeEntry {
    return { path, baseDigest: before === null ? null : this.put(before), digest: after === null ? null : this.put(after), bytes: after?.length ?? 0 };
  }
}

describe("a change set as a person reads it", () => {
  test("shows what is new, what changes and what goes", async () => {
    const blobs = new Contents();
    const text = await changeText(blobs, [
      blobs.change("src/a.ts", null, "one\n"),
      blobs.change("src/b.ts", "old\nkept\n", "new\nkept\n"),
      blobs.change("src/c.ts", "gone\n", null),
    ]);
    expect(text).toContain("--- none\n+++ src/a.ts\n@@ -0,0 +1,1 @@\n+one");
    expect(text).toContain("-old\n+new\n kept");
    expect(text).toContain("+++ none\n@@ -1,1 +0,0 @@\n-gone");
  });

  test("is cut at its bound, and says what is not shown", async () => {
    const blobs = new Contents();
    const long = "x".repeat(MAX_CHANGE_CHARS);
    const text = await changeText(blobs, [blobs.change("src/a.ts", null, long), blobs.change("src/b.ts", null, "one\n")]);
    expect(text.length).toBeLessThan(MAX_CHANGE_CHARS + 200);
    expect(text).toMatch(/\[\d+ more characters of src\/a\.ts\]/);
    expect(text).toContain("[not shown: src/b.ts]");
  });

  test("steers no terminal and turns no line around", async () => {
    const blobs = new Contents();
    const text = await changeText(blobs, [blobs.change("src/a.ts", null, "\u001b[2Jsafe \u202Eevil\u202C\r\n\ttab\n")]);
    expect(text).toContain("\\u{1b}[2Jsafe \\u{202e}evil\\u{202c}\\u{d}");
    expect(text).toContain("\ttab");
    expect(plainText("plain Zürich 東京")).toBe("plain Zürich 東京");
  });

  test("waits for a content that is not there yet, and shows none that is another", async () => {
    const blobs = new Contents();
    const missing = { ...blobs.change("src/a.ts", null, "one\n"), digest: "0".repeat(64) };
    await expect(changeText(blobs, [missing])).rejects.toBeInstanceOf(RetryableError);
  });
});
