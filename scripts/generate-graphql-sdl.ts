/** Prints the SDL of the graphql Worker's schema into `workers/graphql/schema.graphql`; `--check` only compares. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lexicographicSortSchema, printSchema } from "graphql";
import { schema } from "../workers/graphql/src/schema/schema.ts";
import { REPOSITORY } from "./lib/repository.ts";

const PATH = join(REPOSITORY, "workers", "graphql", "schema.graphql");

const sdl = `${printSchema(lexicographicSortSchema(schema))}\n`;
if (process.argv.includes("--check")) process.exitCode = readFileSync(PATH, "utf8") === sdl ? 0 : 1;
else writeFileSync(PATH, sdl);
