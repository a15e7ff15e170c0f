/** A folder of policies on disk: `*.cedar`, `factory.cedarschema`, and tests in `tests/*.yaml`. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { FactoryError } from "@factory/schemas";
import { readPolicyCases, type PolicyCase } from "./policy-cases.ts";
import type { PolicySource } from "./policy-set.ts";

/** The policies that decide in every deployment. */
export const POLICIES_DIRECTORY = join(import.meta.dirname, "..", "..", "policies");

/** Name of the schema in the folder. */
const SCHEMA_FILE = "factory.cedarschema";
/** Folder of the tests in it. */
const TESTS_FOLDER = "tests";

/** The policies of a folder, by file name. @throws FactoryError INVALID_ARGUMENT for a folder that has none */
export function readPolicyDirectory(directory: string): PolicySource {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  if (!names.includes(SCHEMA_FILE)) throw new FactoryError("INVALID_ARGUMENT", `${directory} is no folder of policies: it has no ${SCHEMA_FILE}.`);
  const files = names.filter((name) => name.endsWith(".cedar")).toSorted();
  if (files.length === 0) throw new FactoryError("INVALID_ARGUMENT", `${directory} has no policies: no file ends in .cedar.`);
  const read = (name: string): string => readFileSync(join(directory, name), "utf8");
  return { schema: read(SCHEMA_FILE), files: files.map((name) => ({ name, text: read(name) })) };
}

/** The tests of a folder, by file name. @throws FactoryError INVALID_ARGUMENT for a file that is none, and for a folder without any */
export function readPolicyTests(directory: string): PolicyCase[] {
  const folder = join(directory, TESTS_FOLDER);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".yaml")) : [];
  if (names.length === 0) throw new FactoryError("INVALID_ARGUMENT", `${directory} has no tests: there is no ${TESTS_FOLDER}/*.yaml.`);
  return names.toSorted().flatMap((name) => readPolicyCases(`${TESTS_FOLDER}/${name}`, readFileSync(join(folder, name), "utf8")));
}
