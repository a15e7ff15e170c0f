import { expect, test } from "vitest";
import { d1Queries } from "./d1-queries.ts";

/** The part of a database that is used, which answers nothing. */
const failing = (message: string): D1Database => {
  const fail = async (): Promise<never> => {
    throw new Error(message);
  };
  const statement = { bind: () => statement, raw: fail };
  // The rest of a database is not used.
  return { prepare: () => statement, batch: fail } as unknown as D1Database;
};

test("a database that is not reached is unavailable to every statement of the turn", async () => {
  const run = d1Queries(failing("D1_ERROR: Network connection lost."));
  const answers = await Promise.allSettled([run("SELECT 1", []), run("SELECT 2", [])]);
  expect(answers).toMatchObject([{ reason: { code: "UNAVAILABLE" } }, { reason: { code: "UNAVAILABLE" } }]);
});

test("a statement that the database does not take is the platform's own fault", async () => {
  const run = d1Queries(failing("D1_ERROR: no such column: state at offset 7: SQLITE_ERROR"));
  await expect(run("SELECT state", [])).rejects.toThrow("no such column");
  await expect(run("SELECT state", [])).rejects.not.toHaveProperty("code");
});
