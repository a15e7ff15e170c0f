/** Inputs that are almost right: what was good with some of it changed, and what no input should be. */
import * as fc from "fast-check";

/** Text that breaks what is careless with it. */
export const JUNK: readonly string[] = [
  "",
  " ",
  "\u0000",
  "\ud800",
  "\u202etxt.exe",
  "../../etc/passwd",
  "__proto__",
  "constructor",
  "'; DROP TABLE session; --",
  "<img src=x onerror=alert(1)>",
  "${jndi:ldap://x}",
  "%00%0d%0aset-cookie: a=b",
  "a".repeat(5_000),
  "é\u0301\u200b🜁",
  "NaN",
  "-1",
  "1e999",
  "9".repeat(40),
  "2026-13-45T25:61:61Z",
  "null",
  "true",
];

/** JSON values of every type, and of sizes that nobody sends. */
export const junkValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...JUNK),
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1e21, Number.MAX_SAFE_INTEGER + 3, [], {}, [[[[]]]], { constructor: 1 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** One change of a text: cut, doubled, a character more, less or another, or a word put somewhere. */
const textChange: fc.Arbitrary<(text: string) => string> = fc
  .tuple(
    fc.constantFrom("cut", "double", "insert", "replace", "remove", "word", "swap"),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.nat({ max: 40 }),
    fc.constantFrom(...JUNK),
  )
  .map(([kind, where, length, word]) => (text: string): string => {
    const at = Math.floor(where * text.length);
    switch (kind) {
      case "cut":
        return text.slice(0, at);
      case "double":
        return text.slice(0, at) + text.slice(Math.max(0, at - length));
      case "insert":
        return `${text.slice(0, at)}${String.fromCodePoint(32 + length)}${text.slice(at)}`;
      case "replace":
        return `${text.slice(0, at)}${String.fromCodePoint(33 + length)}${text.slice(at + 1)}`;
      case "remove":
        return text.slice(0, at) + text.slice(at + 1 + (length % 5));
      case "word":
        return text.slice(0, at) + word + text.slice(at);
      default: {
        const lines = text.split("\n");
        const [line = ""] = lines.splice(at % lines.length, 1);
        return lines.toSpliced(length % (lines.length + 1), 0, line).join("\n");
      }
    }
  });

/** A text with some changes; none now and then, so that what is good comes as well. */
export function mutatedText(base: string): fc.Arbitrary<string> {
  return fc.array(textChange, { maxLength: 4 }).map((changes) => changes.reduce((text, change) => change(text), base));
}

/** Bytes with some changes. */
export function mutatedBytes(base: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.constantFrom("flip", "cut", "grow"), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 255 }));
  return fc.array(change, { maxLength: 3 }).map((changes) =>
    changes.reduce((bytes, [kind, where, value]) => {
      const at = Math.floor(where * bytes.length);
      if (kind === "cut") return bytes.slice(0, at);
      if (kind === "grow") return Uint8Array.from([...bytes.slice(0, at), value, ...bytes.slice(at)]);
      return bytes.map((byte, index) => (index === at ? byte ^ (value | 1) : byte));
    }, base),
  );
}

type Json = { readonly [field: string]: unknown };
type ValueChange = { readonly kind: "replace" | "remove" | "add" | "wrap"; readonly where: number; readonly value: unknown; readonly name: string };

/** A JSON object with some fields changed, taken away or added, at any depth. */
export function mutatedJson(base: Json): fc.Arbitrary<Json> {
  const change: fc.Arbitrary<ValueChange> = fc.record({
    kind: fc.constantFrom("replace", "remove", "add", "wrap"),
    where: fc.nat({ max: 10_000 }),
    value: junkValue,
    name: fc.constantFrom("extra", "admin", "org", "__proto__", "toString", ""),
  });
  return fc.array(change, { maxLength: 3 }).map((changes) => changes.reduce<Json>((value, each) => changed(value, each), base));
}

/** Every place of a value has a number; the change is made at one of them. */
function changed(base: Json, { kind, where, value, name }: ValueChange): Json {
  const copy = structuredClone<{ [field: string]: unknown }>(base);
  const places = placesOf(copy);
  const [holder, key] = places[where % Math.max(1, places.length)] ?? [copy, name];
  if (kind === "remove") Reflect.deleteProperty(holder, key);
  else if (kind === "add") Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
  else Reflect.set(holder, key, kind === "wrap" ? [Reflect.get(holder, key)] : value);
  return copy;
}

function placesOf(holder: object): (readonly [holder: object, key: string])[] {
  return Object.keys(holder).flatMap((key) => {
    const inner: unknown = Reflect.get(holder, key);
    return [[holder, key] as const, ...(typeof inner === "object" && inner !== null ? placesOf(inner) : [])];
  });
}
