/** Writes the committed schema as the types that the dashboard's documents are checked against; `--check` only compares. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { minifyIntrospection, outputIntrospectionFile } from "@gql.tada/internal";
import { buildSchema, introspectionFromSchema } from "graphql";
import { REPOSITORY } from "./lib/repository.ts";

const SDL = join(REPOSITORY, "workers", "graphql", "schema.graphql");
const PATH = join(REPOSITORY, "workers", "dashboard", "app", "data", "graphql-env.d.ts");

const introspection = introspectionFromSchema(buildSchema(readFileSync(SDL, "utf8")), { descriptions: false });
const types = outputIntrospectionFile(minifyIntrospection(introspection), { fileType: ".d.ts", shouldPreprocess: true });
if (process.argv.includes("--check")) process.exitCode = readFileSync(PATH, "utf8") === types ? 0 : 1;
else writeFileSync(PATH, types);
