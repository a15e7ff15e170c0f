/**
 * The types the search knows, read from TypeScript type text. A type is interned: equal types are the same object, so
 * `key` may be compared instead of the structure.
 */

/** A field of an object type. */
export type Field = { readonly name: string; readonly type: Type; readonly optional: boolean };

/** A type of a value in the expression language. `literal` is a union of constants, `optional` adds one empty value. */
export type Type = { readonly key: string } & (
  | { readonly kind: "number" | "string" | "boolean" | "regex" }
  | { readonly kind: "array"; readonly element: Type }
  | { readonly kind: "tuple"; readonly elements: readonly Type[] }
  | { readonly kind: "object"; readonly fields: readonly Field[] }
  | { readonly kind: "record"; readonly value: Type }
  | { readonly kind: "literal"; readonly base: Type; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: "optional"; readonly inner: Type; readonly empty: undefined | null }
  | { readonly kind: "unknown"; readonly name: string }
);

type Shape = Type extends infer T ? (T extends { key: string } ? Omit<T, "key"> : never) : never;

const interned = new Map<string, Type>();

function intern(key: string, shape: Shape): Type {
  const known = interned.get(key);
  if (known !== undefined) return known;
  // `Omit` over the union keeps each member whole, so adding the key gives a member back.
  const type = { key, ...shape } as Type;
  interned.set(key, type);
  return type;
}

export const NUMBER: Type = intern("number", { kind: "number" });
export const STRING: Type = intern("string", { kind: "string" });
export const BOOLEAN: Type = intern("boolean", { kind: "boolean" });
/** Regular expressions exist only as constants of the component library. */
export const REGEX: Type = intern("regex", { kind: "regex" });

/** `T[]`. */
export function arrayOf(element: Type): Type {
  return intern(`${element.key}[]`, { kind: "array", element });
}

/** `[A, B]`. */
export function tupleOf(elements: readonly Type[]): Type {
  return intern(`[${elements.map((type) => type.key).join(",")}]`, { kind: "tuple", elements });
}

/** `{ a: A; b?: B }`. */
export function objectOf(fields: readonly Field[]): Type {
  const text = fields.map((field) => `${JSON.stringify(field.name)}${field.optional ? "?" : ""}:${field.type.key}`);
  return intern(`{${text.join(";")}}`, { kind: "object", fields });
}

/** `Record<string, V>`. */
export function recordOf(value: Type): Type {
  return intern(`Record<${value.key}>`, { kind: "record", value });
}

/** `T | undefined` or `T | null`. */
export function optionalOf(inner: Type, empty: undefined | null): Type {
  return inner.kind === "optional" ? inner : intern(`(${inner.key})|${String(empty)}`, { kind: "optional", inner, empty });
}

/** A union of constants of one base type. */
export function literalOf(values: readonly (string | number | boolean)[]): Type {
  const base = typeof values[0] === "string" ? STRING : typeof values[0] === "number" ? NUMBER : BOOLEAN;
  return intern(`lit:${JSON.stringify(values)}`, { kind: "literal", base, values });
}

function unknownType(name: string): Type {
  return intern(`?${name}`, { kind: "unknown", name });
}

const TOKEN = /\s*(?:(=>|[{}[\]()<>|;:,?])|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(-?\d+(?:\.\d+)?)|([A-Za-z_$][\w$.]*))/y;

function tokenize(text: string): string[] | undefined {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    if (text.slice(TOKEN.lastIndex).trim() === "") break;
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    tokens.push(match[0].trim());
  }
  return tokens;
}

/** Recursive descent over the tokens of one type; a fault throws `SyntaxError`, which `parseType` turns into an unknown type. */
class TypeParser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  parse(): Type {
    const type = this.#union();
    if (this.#at < this.#tokens.length) throw new SyntaxError("There is text after the type.");
    return type;
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #take(expected?: string): string {
    const token = this.#tokens[this.#at];
    if (token === undefined || (expected !== undefined && token !== expected)) throw new SyntaxError(`Expected ${expected ?? "a type"}.`);
    this.#at += 1;
    return token;
  }

  #maybe(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at += 1;
    return true;
  }

  #union(): Type {
    this.#maybe("|");
    const members: (Type | undefined | null | string | number | boolean)[] = [];
    const literals: (string | number | boolean)[] = [];
    const types: Type[] = [];
    do members.push(this.#postfix());
    while (this.#maybe("|"));
    let empty: undefined | null | false = false;
    for (const member of members) {
      if (member === undefined || member === null) empty = member;
      else if (typeof member === "object") types.push(member);
      else literals.push(member);
    }
    if (literals.length > 0) types.push(literalOf(literals));
    const [first, second] = types;
    if (first === undefined || second !== undefined) throw new SyntaxError("Unions of different types are not known.");
    return empty === false ? first : optionalOf(first, empty);
  }

  #postfix(): Type | undefined | null | string | number | boolean {
    let type = this.#primary();
    while (this.#peek() === "[" && this.#tokens[this.#at + 1] === "]") {
      this.#at += 2;
      if (type === undefined || type === null || typeof type !== "object") throw new SyntaxError("Arrays of constants are not known.");
      type = arrayOf(type);
    }
    return type;
  }

  #primary(): Type | undefined | null | string | number | boolean {
    const token = this.#take();
    if (token === "(") {
      const type = this.#union();
      this.#take(")");
      return type;
    }
    if (token === "{") return this.#object();
    if (token === "[") return this.#tuple();
    if (token.startsWith('"')) return String(JSON.parse(token));
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("\\'", "'");
    if (/^-?\d/.test(token)) return Number(token);
    switch (token) {
      case "number":
        return NUMBER;
      case "string":
        return STRING;
      case "boolean":
        return BOOLEAN;
      case "true":
        return true;
      case "false":
        return false;
      case "undefined":
      case "void":
        return undefined;
      case "null":
        return null;
      case "readonly":
        return this.#postfix();
      case "Array":
      case "ReadonlyArray":
        return arrayOf(this.#argument());
      case "Readonly":
        return this.#argument();
      case "Record":
        return this.#record();
      default:
        if (/^[A-Za-z_$]/.test(token) && this.#peek() !== "<") return unknownType(token);
        throw new SyntaxError(`The type ${token} is not known.`);
    }
  }

  #argument(): Type {
    this.#take("<");
    const type = this.#union();
    this.#take(">");
    return type;
  }

  #record(): Type {
    this.#take("<");
    const key = this.#union();
    if (key !== STRING && key.kind !== "literal") throw new SyntaxError("Records have string keys.");
    this.#take(",");
    const value = this.#union();
    this.#take(">");
    return recordOf(value);
  }

  #tuple(): Type {
    const elements: Type[] = [];
    while (!this.#maybe("]")) {
      elements.push(this.#union());
      if (this.#peek() !== "]") this.#take(",");
    }
    return tupleOf(elements);
  }

  #object(): Type {
    const fields: Field[] = [];
    let index: Type | undefined;
    while (!this.#maybe("}")) {
      this.#maybe("readonly");
      if (this.#maybe("[")) {
        this.#take();
        this.#take(":");
        this.#union();
        this.#take("]");
        this.#take(":");
        index = this.#union();
      } else {
        const token = this.#take();
        const name = /^["']/.test(token) ? token.slice(1, -1) : token;
        const optional = this.#maybe("?");
        this.#take(":");
        fields.push({ name, type: this.#union(), optional });
      }
      if (!this.#maybe(";")) this.#maybe(",");
    }
    return index === undefined ? objectOf(fields) : recordOf(index);
  }
}

/** Reads TypeScript type text; what it does not know becomes an `unknown` type, which `settle` may resolve by values. */
export function parseType(text: string): Type {
  const tokens = tokenize(text.trim());
  if (tokens === undefined || tokens.length === 0) return unknownType(text.trim());
  try {
    return new TypeParser(tokens).parse();
  } catch (err) {
    if (err instanceof SyntaxError) return unknownType(text.trim());
    throw err;
  }
}

/** True when the type has no unknown part. */
export function isKnown(type: Type): boolean {
  switch (type.kind) {
    case "number":
    case "string":
    case "boolean":
    case "regex":
    case "literal":
      return true;
    case "unknown":
      return false;
    case "array":
      return isKnown(type.element);
    case "record":
      return isKnown(type.value);
    case "optional":
      return isKnown(type.inner);
    case "tuple":
      return type.elements.every(isKnown);
    case "object":
      return type.fields.every((field) => isKnown(field.type));
    default:
      return type satisfies never;
  }
}

/** The type of sample values, or undefined when they disagree or there is nothing to go by. */
export function inferType(samples: readonly unknown[]): Type | undefined {
  const present = samples.filter((value) => value !== undefined && value !== null);
  const [first] = present;
  if (first === undefined) return undefined;
  const empty = samples.some((value) => value === undefined) ? undefined : samples.some((value) => value === null) ? null : false;
  const inner = inferPresent(present);
  return inner === undefined || empty === false ? inner : optionalOf(inner, empty);
}

function inferPresent(values: readonly unknown[]): Type | undefined {
  if (values.every((value) => typeof value === "number")) return NUMBER;
  if (values.every((value) => typeof value === "string")) return STRING;
  if (values.every((value) => typeof value === "boolean")) return BOOLEAN;
  if (values.every(Array.isArray)) {
    const element = inferType(values.flat(1));
    return element === undefined ? undefined : arrayOf(element);
  }
  if (!values.every(isPlainObject)) return undefined;
  const names = [...new Set(values.flatMap((value) => Object.keys(value)))];
  const fields: Field[] = [];
  for (const name of names) {
    const held = values.filter((value) => Object.hasOwn(value, name)).map((value) => value[name]);
    const type = inferType(held);
    if (type === undefined) return undefined;
    fields.push({ name, type, optional: held.length < values.length });
  }
  return objectOf(fields);
}

/** True for an object that is neither null nor an array. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The type with every unknown part replaced by what the values show.
 *
 * @param samples values the examples hold in this place
 * @returns undefined when a part stays unknown
 */
export function settle(type: Type, samples: readonly unknown[]): Type | undefined {
  if (isKnown(type)) return type;
  switch (type.kind) {
    case "unknown":
      return inferType(samples);
    case "array": {
      const element = settle(type.element, samples.filter(Array.isArray).flat(1));
      return element === undefined ? undefined : arrayOf(element);
    }
    case "optional": {
      const inner = settle(
        type.inner,
        samples.filter((value) => value !== undefined && value !== null),
      );
      return inner === undefined ? undefined : optionalOf(inner, type.empty);
    }
    default:
      return inferType(samples);
  }
}

/** TypeScript source of a type. */
export function printType(type: Type): string {
  switch (type.kind) {
    case "number":
    case "string":
    case "boolean":
      return type.kind;
    case "regex":
      return "RegExp";
    case "unknown":
      return type.name;
    case "literal":
      return type.values.map((value) => JSON.stringify(value)).join(" | ");
    case "optional":
      return `${printType(type.inner)} | ${String(type.empty)}`;
    case "array": {
      const element = printType(type.element);
      return type.element.kind === "literal" || type.element.kind === "optional" ? `(${element})[]` : `${element}[]`;
    }
    case "tuple":
      return `[${type.elements.map(printType).join(", ")}]`;
    case "record":
      return `Record<string, ${printType(type.value)}>`;
    case "object":
      return `{ ${type.fields.map((field) => `${propertyName(field.name)}${field.optional ? "?" : ""}: ${printType(field.type)}`).join("; ")} }`;
    default:
      return type satisfies never;
  }
}

/** A property's name as source: bare when it is an identifier. */
export function propertyName(name: string): string {
  return isIdentifier(name) ? name : JSON.stringify(name);
}

/** True when the text can stand as an identifier. */
export function isIdentifier(text: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(text);
}
