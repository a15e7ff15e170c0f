/** Made-up messages of any Connect method, from its descriptor. */
import { create, ScalarType, toBinary, toJson, type DescField, type DescMessage, type DescMethod, type Message } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { JUNK, junkValue, mutatedBytes, mutatedText } from "./mutations.ts";

/** A body as it is sent. */
export type FuzzBody = { readonly binary: boolean; readonly bytes: Uint8Array };

/** How deep messages are nested. */
const MAX_DEPTH = 3;

/** Bodies for a method: messages of its fields, each of any value; some of them with their bytes changed, and some that are no message at all. */
export function bodiesFor({ input }: DescMethod, words: readonly string[]): fc.Arbitrary<FuzzBody> {
  const message = messageOf(input, words, MAX_DEPTH);
  const binary = message.map((each) => ({ binary: true, bytes: toBinary(input, each) }));
  const json = message.map((each) => ({ binary: false, bytes: new TextEncoder().encode(jsonOf(input, each)) }));
  const freeJson = fc.dictionary(fc.constantFrom(...input.fields.map(({ jsonName }) => jsonName), "extra", "__proto__"), junkValue).map((value) => ({
    binary: false,
    bytes: new TextEncoder().encode(JSON.stringify(value)),
  }));
  const broken = fc.oneof(
    binary.chain(({ bytes }) => mutatedBytes(bytes).map((changed) => ({ binary: true, bytes: changed }))),
    json.chain(({ bytes }) => mutatedText(new TextDecoder().decode(bytes)).map((text) => ({ binary: false, bytes: new TextEncoder().encode(text) }))),
    fc.uint8Array({ maxLength: 64 }).map((bytes) => ({ binary: bytes.length % 2 === 0, bytes })),
  );
  return fc.oneof({ arbitrary: binary, weight: 3 }, { arbitrary: json, weight: 3 }, { arbitrary: freeJson, weight: 2 }, { arbitrary: broken, weight: 2 });
}

/** What JSON cannot say of a message, such as a moment of another millennium, is sent as an empty one. */
function jsonOf(desc: DescMessage, message: Message): string {
  try {
    return JSON.stringify(toJson(desc, message));
  } catch {
    // The library refuses to write what it would refuse to read; the binary form of it is sent elsewhere.
    return "{}";
  }
}

function messageOf(desc: DescMessage, words: readonly string[], depth: number): fc.Arbitrary<Message> {
  const fields = desc.fields.filter((field) => depth > 0 || (field.fieldKind !== "message" && !(field.fieldKind === "list" && field.listKind === "message")));
  return fc
    .tuple(...fields.map((field) => fc.option(fieldOf(field, words, depth), { freq: 4, nil: undefined })))
    .map((values) => fields.reduce((message, field, index) => withField(message, field, values[index]), create(desc)));
}

/** A field of a oneof takes the place of the one before. */
function withField(message: Message, field: DescField, value: unknown): Message {
  if (value === undefined) return message;
  if (field.oneof === undefined) Reflect.set(message, field.localName, value);
  else Reflect.set(message, field.oneof.localName, { case: field.localName, value });
  return message;
}

function fieldOf(field: DescField, words: readonly string[], depth: number): fc.Arbitrary<unknown> {
  switch (field.fieldKind) {
    case "scalar":
      return scalarOf(field.scalar, words);
    case "enum":
      return fc.oneof(fc.constantFrom(...field.enum.values.map((value) => value.number)), fc.integer({ min: -1, max: 99 }));
    case "message":
      return messageOf(field.message, words, depth - 1);
    case "list":
      if (field.listKind === "message") return fc.array(messageOf(field.message, words, depth - 1), { maxLength: 3 });
      return fc.array(field.listKind === "scalar" ? scalarOf(field.scalar, words) : fc.nat({ max: 40 }), { maxLength: 4 });
    default:
      // Maps are left empty: no request of the factory has one.
      return fc.constant({});
  }
}

function scalarOf(type: ScalarType, words: readonly string[]): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING:
      // UTF-8 has no half of a surrogate pair, and the library says so when it writes one.
      return fc
        .oneof({ arbitrary: fc.constantFrom(...words), weight: 4 }, { arbitrary: fc.constantFrom(...JUNK), weight: 2 }, { arbitrary: fc.string(), weight: 1 })
        .map((text) => text.toWellFormed());
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 64 });
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return fc.double();
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.oneof(fc.constantFrom(0, 1, 60, 100, 101, 4_294_967_295), fc.nat());
    default:
      return fc.integer();
  }
}
