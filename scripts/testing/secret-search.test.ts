import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { needlesFor, searchBytes, searchFolder } from "./secret-search.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "factory-search-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SECRET = `sk-${randomBytes(24).toString("base64")}`;
const needles = needlesFor("the key", SECRET);

describe("the search for secrets", () => {
  it("finds one in the middle of whatever is around it, in every form", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 64 }), (before, after) => {
        const whole = Buffer.concat([before, Buffer.from(SECRET), after]);
        for (const text of [whole, whole.toString("hex"), whole.toString("hex").toUpperCase(), whole.toString("base64"), whole.toString("base64url")])
          expect(searchBytes("here", text, needles)).not.toEqual([]);
      }),
    );
    const odd = `pass"word\\with/all=of it`;
    const forms = needlesFor("odd", odd);
    for (const text of [JSON.stringify({ odd }), JSON.stringify(JSON.stringify({ odd })), encodeURIComponent(odd)])
      expect(searchBytes("here", text, forms)).not.toEqual([]);
    expect(searchBytes("here", Buffer.from(SECRET, "utf16le"), needles)).toMatchObject([{ form: "UTF-16" }]);
  });

  it("finds the bytes that a secret in base64 stands for", () => {
    const key = randomBytes(32);
    const forms = needlesFor("key", key.toString("base64"));
    for (const content of [key, key.toString("hex"), key.toString("base64url"), `{"k":"${key.toString("base64url")}"}`])
      expect(searchBytes("here", content, forms)).not.toEqual([]);
  });

  it("finds nothing in what holds none, and takes no text that chance would find", () => {
    expect(searchBytes("here", randomBytes(100_000), needles)).toEqual([]);
    expect(searchBytes("here", SECRET.slice(1, -1), needles)).toEqual([]);
    expect(() => needlesFor("short", "secret")).toThrow(RangeError);
  });

  it("looks into files, compressed files and cells that lie on several pages, and says where", () => {
    mkdirSync(join(folder, "a", "b"), { recursive: true });
    writeFileSync(join(folder, "a", "plain"), `x${SECRET}x`);
    writeFileSync(join(folder, "a", "b", "packed"), gzipSync(`x${SECRET}x`));
    const database = new DatabaseSync(join(folder, "a", "data.sqlite"));
    database.exec('CREATE TABLE "odd ""name" (note TEXT, body BLOB)');
    database.prepare('INSERT INTO "odd ""name" VALUES (?, ?)').run("nothing", Buffer.from(`${"y".repeat(4_070)}${SECRET}${"y".repeat(9_000)}`));
    database.close();
    const { findings, files, cells } = searchFolder(folder, needles);
    expect(new Set(findings.map(({ place }) => place))).toEqual(
      new Set(["a/plain", "a/b/packed unpacked", 'a/data.sqlite odd "name.body', ...rawPlaces(findings)]),
    );
    expect(files).toBe(3);
    expect(cells).toBe(2);
    expect(() => searchFolder(join(folder, "absent"), needles)).toThrow(/no folder/);
  });
});

/** A value that happens to lie on one page is found in the file's own bytes, too. */
function rawPlaces(findings: readonly { readonly place: string }[]): string[] {
  return findings.flatMap(({ place }) => (place === "a/data.sqlite" ? [place] : []));
}
