import { describe, expect, test } from "vitest";
import { allowedTools } from "./allowed-tools.ts";

const WANTED = ["read_file", "write_file", "run_checks"];
const aPolicy = (rules: { readonly [key: string]: unknown }) =>
  ({ beadId: "KSB-1", standing: "active", autonomy: "EXECUTE_BOUNDED", scope: "org", rules }) as const;

describe("the tools an agent may use", () => {
  test.each([
    ["a policy that leaves tools to consent", {}, WANTED, WANTED],
    ["a policy that names fewer", { tools: ["read_file", "run_checks"] }, WANTED, ["read_file", "run_checks"]],
    ["a policy that names more than is granted", { tools: [...WANTED, "list_files"] }, ["read_file"], ["read_file"]],
    ["a policy that names none", { tools: [] }, WANTED, []],
    ["a policy whose tools cannot be read", { tools: "read_file" }, WANTED, []],
    ["no consent", {}, [], []],
  ])("%s", (_, rules, grants, expected) => {
    expect(allowedTools({ policy: aPolicy(rules), grants }, WANTED)).toEqual(expected);
  });

  test("a name that the registry does not have is not allowed, whoever grants it", () => {
    expect(allowedTools({ policy: aPolicy({ tools: ["delete_everything"] }), grants: ["delete_everything"] }, ["delete_everything"])).toEqual([]);
  });
});
