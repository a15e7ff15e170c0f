/** The command line of the evaluation. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { REPOSITORY } from "../../lib/repository.ts";

/** Seed of the committed sample. */
const DEFAULT_SEED = "gates";
/** Folder of the golden set. */
const GOLDEN = join(REPOSITORY, "evals", "golden");

/** How the command is used. */
export const HELP = `Usage: pnpm eval:gates [options]

Measures how many seeded defects the gates kill.

  --all            every site of every operator and every mutant, instead of the sample
  --only PART      specifications or code
  --seed TEXT      another sample; it is compared with no baseline (default "${DEFAULT_SEED}")
  --golden DIR     folder of the golden set (default evals/golden)
  --json           one JSON object with every result
  --update         write evals/gates/baseline.json instead of comparing with it
  --help           this text
`;

/** What a run was asked for. */
export type Options = {
  readonly all: boolean;
  readonly json: boolean;
  readonly update: boolean;
  readonly seed: string;
  readonly golden: string;
  readonly parts: readonly string[];
};

/** Parts of the evaluation. */
const PARTS = ["specifications", "code"];

/**
 * Reads the command's arguments; undefined when help is asked for.
 *
 * @throws TypeError when an option is unknown, has no value, or does not go with another
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      all: { type: "boolean", default: false },
      only: { type: "string" },
      seed: { type: "string", default: DEFAULT_SEED },
      golden: { type: "string", default: GOLDEN },
      json: { type: "boolean", default: false },
      update: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const { all, json, update, seed, only } = values;
  if (only !== undefined && !PARTS.includes(only)) throw new TypeError(`--only takes ${PARTS.join(" or ")}.`);
  if (update && (all || only !== undefined || seed !== DEFAULT_SEED)) throw new TypeError("The baseline is of the sample: --update goes alone.");
  return { all, json, update, seed, golden: resolve(process.env["INIT_CWD"] ?? "", values.golden), parts: only === undefined ? PARTS : [only] };
}
