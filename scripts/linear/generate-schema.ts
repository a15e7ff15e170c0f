/**
 * Takes the used part of Linear's public schema out of the published `@linear/sdk`, whose types are that schema as its
 * release generated them, into `scripts/linear/schema.graphql`. `--check` makes nothing and fails where the file is not
 * that. To take a newer one: raise the version in the catalog, install, run this.
 */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { parse } from "yaml";
import { z } from "zod";
import { REPOSITORY } from "../lib/repository.ts";
import { OPERATIONS, OUTPUT_FIELDS } from "./schema-selection.ts";

/** Path of the schema. */
export const LINEAR_SCHEMA = join(REPOSITORY, "scripts", "linear", "schema.graphql");

const PACKAGE = "@linear/sdk";
/** Names that the package's generator spells in its own way. */
const PUBLIC_NAMES: { readonly [published: string]: string } = { IdComparator: "IDComparator" };
const BUILT_IN_SCALARS: ReadonlySet<string> = new Set(["ID", "String", "Boolean", "Int", "Float"]);

type Field = { readonly name: string; readonly optional: boolean; readonly type: ts.TypeNode };
type Declarations = {
  readonly source: ts.SourceFile;
  readonly objects: ReadonlyMap<string, { readonly interfaces: readonly string[]; readonly fields: readonly Field[] }>;
  readonly enums: ReadonlyMap<string, readonly string[]>;
  readonly scalars: ReadonlySet<string>;
};

/** The folder of the installed package and its types. @throws Error when no one file declares the schema. */
function findTypes(): { readonly folder: string; readonly path: string } {
  const folder = join(dirname(fileURLToPath(import.meta.resolve(PACKAGE))), "..");
  const dist = join(folder, "dist");
  const paths = readdirSync(dist).map((name) => join(dist, name));
  const path = paths.find((each) => each.endsWith(".d.mts") && /^type Scalars = /m.test(readFileSync(each, "utf8")));
  if (path === undefined) throw new Error(`No file of ${PACKAGE} declares the type Scalars.`);
  return { folder, path };
}

function readDeclarations(path: string): Declarations {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, false);
  const objects = new Map<string, { interfaces: readonly string[]; fields: readonly Field[] }>();
  const enums = new Map<string, readonly string[]>();
  for (const statement of source.statements) {
    if (ts.isEnumDeclaration(statement))
      enums.set(
        statement.name.text,
        statement.members.map(({ initializer }) => enumValue(initializer)),
      );
    if (!ts.isTypeAliasDeclaration(statement)) continue;
    const parts: readonly ts.TypeNode[] = ts.isIntersectionTypeNode(statement.type) ? statement.type.types : [statement.type];
    const body = parts.find(ts.isTypeLiteralNode);
    if (body === undefined) continue;
    const interfaces = parts.filter(ts.isTypeReferenceNode).map((part) => part.typeName.getText(source));
    objects.set(publicName(statement.name.text), { interfaces, fields: body.members.flatMap((member) => fieldOf(member, source)) });
  }
  const scalars = new Set(objects.get("Scalars")?.fields.map(({ name }) => name));
  return { source, objects, enums, scalars };
}

function enumValue(initializer: ts.Expression | undefined): string {
  if (initializer === undefined || !ts.isStringLiteral(initializer)) throw new Error("An enum of the package has a value that is no text.");
  return initializer.text;
}

function fieldOf(member: ts.TypeElement, source: ts.SourceFile): Field[] {
  if (!ts.isPropertySignature(member) || member.type === undefined) return [];
  const name = member.name.getText(source);
  return name === "__typename" ? [] : [{ name, optional: member.questionToken !== undefined, type: member.type }];
}

/** A type as GraphQL writes it, and the name at its core. */
type Written = { readonly text: string; readonly named: string };

function publicName(published: string): string {
  return PUBLIC_NAMES[published] ?? published;
}

function writeType({ type, optional }: Pick<Field, "type" | "optional">, source: ts.SourceFile): Written {
  if (ts.isIndexedAccessTypeNode(type)) {
    const named = type.indexType.getText(source).replaceAll('"', "");
    return { text: optional ? named : `${named}!`, named };
  }
  if (!ts.isTypeReferenceNode(type)) throw new Error(`A field has the type ${type.getText(source)}, which no rule reads.`);
  const name = publicName(type.typeName.getText(source));
  const [argument] = type.typeArguments ?? [];
  if (argument === undefined) return { text: optional ? name : `${name}!`, named: name };
  if (name === "Maybe" || name === "InputMaybe") return writeType({ type: argument, optional: true }, source);
  if (name !== "Array") throw new Error(`A field has the type ${name}<...>, which no rule reads.`);
  const element = writeType({ type: argument, optional: false }, source);
  return { text: `[${element.text}]${optional ? "" : "!"}`, named: element.named };
}

/** Follows every type that a kept field names and writes each definition once. */
class Writer {
  readonly #declarations: Declarations;
  readonly #written = new Map<string, string>();

  constructor(declarations: Declarations) {
    this.#declarations = declarations;
  }

  /** The definitions in the order of their names. */
  get definitions(): readonly string[] {
    return [...this.#written].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  }

  output(name: string, fields: readonly string[]): void {
    const declared = this.#object(name);
    this.#written.set(name, "");
    const lines = fields.map((field) => {
      const found = declared.fields.find((each) => each.name === field);
      if (found === undefined) throw new Error(`${name} has no field ${field}.`);
      const { text, named } = writeType(found, this.#declarations.source);
      this.#follow(named);
      return `  ${field}${this.#arguments(name, field)}: ${text}`;
    });
    for (const each of declared.interfaces) this.#written.set(each, block(`interface ${each}`, this.#fields(each)));
    const implemented = declared.interfaces.length === 0 ? "" : ` implements ${declared.interfaces.join(" & ")}`;
    this.#written.set(name, block(`type ${name}${implemented}`, lines));
  }

  #arguments(type: string, field: string): string {
    const declared = this.#declarations.objects.get(`${type}${field.charAt(0).toUpperCase()}${field.slice(1)}Args`);
    if (declared === undefined) return "";
    return `(${this.#fields(`${type}${field.charAt(0).toUpperCase()}${field.slice(1)}Args`)
      .map((line) => line.trim())
      .join(", ")})`;
  }

  #fields(type: string): string[] {
    return this.#object(type).fields.map((field) => {
      const { text, named } = writeType(field, this.#declarations.source);
      this.#follow(named);
      return `  ${field.name}: ${text}`;
    });
  }

  #follow(name: string): void {
    if (this.#written.has(name) || BUILT_IN_SCALARS.has(name)) return;
    const values = this.#declarations.enums.get(name);
    const fields = OUTPUT_FIELDS[name];
    if (this.#declarations.scalars.has(name)) this.#written.set(name, `scalar ${name}`);
    else if (values !== undefined)
      this.#written.set(
        name,
        block(
          `enum ${name}`,
          values.map((value) => `  ${value}`),
        ),
      );
    else if (fields !== undefined) this.output(name, fields);
    else {
      if (!/(Input|Filter|Comparator|Sort)$/.test(name)) throw new Error(`${name} is named by a kept field, and no fields of it are selected.`);
      // Noted before its fields are: filters name one another in circles.
      this.#written.set(name, "");
      this.#written.set(name, block(`input ${name}`, this.#fields(name)));
    }
  }

  #object(name: string): { readonly interfaces: readonly string[]; readonly fields: readonly Field[] } {
    const found = this.#declarations.objects.get(name);
    if (found === undefined) throw new Error(`${PACKAGE} declares no type ${name}.`);
    return found;
  }
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.join("\n")}\n}`;
}

const manifest = z.object({ name: z.string(), version: z.string(), license: z.string(), repository: z.object({ url: z.string() }) });
const lockfile = z.object({ packages: z.record(z.string(), z.object({ resolution: z.object({ integrity: z.string() }) })) });

/** Where the schema is from, and under what licence. */
function header(folder: string): string {
  const { name, version, license, repository } = manifest.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
  const locked = lockfile.parse(parse(readFileSync(join(REPOSITORY, "pnpm-lock.yaml"), "utf8"))).packages[`${name}@${version}`];
  if (locked === undefined) throw new Error(`The lockfile has no ${name}@${version}.`);
  return [
    `The used part of Linear's public GraphQL schema (${repository.url}, packages/sdk/src/schema.graphql) as the release`,
    `${name} ${version} publishes it (${locked.resolution.integrity}).`,
    "",
    "Generated by `node scripts/linear/generate-schema.ts`; a test compares the two. Root types and output types leave fields out",
    "(scripts/linear/schema-selection.ts names those that are kept); inputs, filters, enums and arguments are whole. Descriptions,",
    "deprecations and default values are left out: the package's types carry none that a validator reads.",
    "",
    `Licence: ${license}`,
    "",
    ...readFileSync(join(folder, "LICENSE"), "utf8").trimEnd().split("\n"),
  ]
    .map((line) => `# ${line}`.trimEnd())
    .join("\n");
}

/** The whole file. @throws Error when the package no longer declares what is selected. */
export function linearSchema(): string {
  const { folder, path } = findTypes();
  const writer = new Writer(readDeclarations(path));
  for (const [name, fields] of Object.entries(OPERATIONS)) writer.output(name, fields);
  return `${[header(folder), ...writer.definitions].join("\n\n")}\n`;
}

if (import.meta.main) {
  const schema = linearSchema();
  if (process.argv.includes("--check")) process.exitCode = readFileSync(LINEAR_SCHEMA, "utf8") === schema ? 0 : 1;
  else writeFileSync(LINEAR_SCHEMA, schema);
}
