/** Looks for secrets where none may be: in texts, and in every file of a state folder, inside databases and compressed files too. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";

/** A secret in one of the forms it could have leaked in. */
export type Needle = { readonly secret: string; readonly form: string; readonly bytes: Buffer };

/** Where which secret was found; `place` is a name of what was searched, a path, or a path with table and column. */
export type Finding = { readonly secret: string; readonly form: string; readonly place: string };

/** Shorter texts than this, in bytes, are found by chance. */
const SHORTEST_NEEDLE = 12;

/**
 * A secret's forms: as it is, as UTF-16, in hexadecimal, in base64 at every alignment, escaped for JSON and for addresses; of a
 * secret that is base64 itself also the bytes it stands for.
 *
 * @throws RangeError when the secret is too short to be told from chance
 */
export function needlesFor(secret: string, value: string): Needle[] {
  if (Buffer.byteLength(value) < SHORTEST_NEEDLE) throw new RangeError(`${secret} is too short to look for.`);
  const forms = [...formsOf("", Buffer.from(value)), ["UTF-16", Buffer.from(value, "utf16le")] as const];
  for (const [form, text] of [
    ["JSON", JSON.stringify(value).slice(1, -1)],
    ["JSON in JSON", JSON.stringify(JSON.stringify(value)).slice(3, -3)],
    ["percent-encoded", encodeURIComponent(value)],
  ] as const)
    forms.push([form, Buffer.from(text)]);
  const decoded = Buffer.from(value, "base64");
  const isBase64 = /^[A-Za-z0-9+/_-]+={0,2}$/.test(value) && decoded.length >= SHORTEST_NEEDLE;
  if (isBase64) forms.push(...formsOf("decoded ", decoded));
  return forms.map(([form, bytes]) => ({ secret, form, bytes }));
}

function formsOf(prefix: string, bytes: Buffer): (readonly [string, Buffer])[] {
  const hex = bytes.toString("hex");
  return [
    [`${prefix}raw`, bytes],
    [`${prefix}hexadecimal`, Buffer.from(hex)],
    [`${prefix}upper hexadecimal`, Buffer.from(hex.toUpperCase())],
    ...[0, 1, 2].flatMap((offset) =>
      (["base64", "base64url"] as const).map((encoding) => [`${prefix}${encoding} at ${offset}`, Buffer.from(inBase64(bytes, offset, encoding))] as const),
    ),
  ];
}

/** The characters that stand for these bytes alone when so many bytes come before them. */
function inBase64(bytes: Buffer, offset: number, encoding: "base64" | "base64url"): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString(encoding)
    .replaceAll("=", "");
  const from = Math.ceil((offset * 8) / 6);
  const to = Math.floor(((offset + bytes.length) * 8) / 6);
  return text.slice(from, to);
}

/** What is found in a text or in bytes; each secret and form once. */
export function searchBytes(place: string, content: string | Uint8Array, needles: readonly Needle[]): Finding[] {
  const bytes = typeof content === "string" ? Buffer.from(content) : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  return needles.filter((needle) => bytes.includes(needle.bytes)).map(({ secret, form }) => ({ secret, form, place }));
}

/** What a search of a folder came to; `searched` counts files and cells, so that an empty search is seen. */
export type FolderSearch = { readonly findings: readonly Finding[]; readonly files: number; readonly cells: number };

/**
 * Searches every file below a folder: its bytes, what they are when unpacked, and every cell when it is a SQLite database, since a
 * long value lies on several pages. The platform has to be stopped.
 *
 * @throws Error when there is no such folder
 */
export function searchFolder(folder: string, needles: readonly Needle[]): FolderSearch {
  if (!existsSync(folder)) throw new Error(`There is no folder ${folder}.`);
  const findings: Finding[] = [];
  let files = 0;
  let cells = 0;
  for (const path of filesBelow(folder)) {
    const place = relative(folder, path);
    const bytes = readFileSync(path);
    files += 1;
    findings.push(...searchBytes(place, bytes, needles));
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) findings.push(...searchBytes(`${place} unpacked`, gunzipSync(bytes), needles));
    if (!bytes.subarray(0, 15).equals(SQLITE_MAGIC)) continue;
    for (const { table, column, value } of cellsOf(path)) {
      cells += 1;
      findings.push(...searchBytes(`${place} ${table}.${column}`, value, needles));
    }
  }
  return { findings, files, cells };
}

const SQLITE_MAGIC = Buffer.from("SQLite format 3");

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
}

/** Every cell that holds text or bytes. */
function* cellsOf(path: string): Generator<{ readonly table: string; readonly column: string; readonly value: string | Uint8Array }> {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    for (const { name } of tables) {
      const table = String(name);
      const statement = database.prepare(`SELECT * FROM "${table.replaceAll('"', '""')}"`);
      // Random ids are larger than a number holds.
      statement.setReadBigInts(true);
      for (const row of statement.iterate()) {
        for (const [column, value] of Object.entries(row)) {
          if (typeof value === "string" || value instanceof Uint8Array) yield { table, column, value };
        }
      }
    }
  } finally {
    database.close();
  }
}
