import { toolSchema } from "@factory/schemas";
import { expect, test } from "vitest";
import { describeTool, isToolName, MAX_CODE_CHARS, MAX_WRITE_CHARS, TOOL_NAMES, TOOLS } from "./tools.ts";

test("every tool is described by a real JSON Schema that a directive accepts", () => {
  for (const name of TOOL_NAMES) {
    const described = toolSchema.parse(describeTool(name));
    expect(described.parameters).toMatchObject({ type: "object", additionalProperties: false });
    expect(described.description.length).toBeGreaterThan(20);
  }
});

test("the schema names what a tool requires", () => {
  expect(describeTool("write_file").parameters).toMatchObject({
    required: ["path", "content"],
    properties: { content: { type: "string", maxLength: MAX_WRITE_CHARS } },
  });
});

test.each(["/etc/passwd", "../x", "a/../b", "a//b", "", "a\\b", "a\0b"])("a path that leaves the workspace is refused: %j", (path) => {
  expect(TOOLS.read_file.input.safeParse({ path }).success).toBe(false);
});

test("unknown fields of an input are refused", () => {
  expect(TOOLS.run_checks.input.safeParse({ force: true }).success).toBe(false);
  expect(TOOLS.run_checks.input.safeParse({}).success).toBe(true);
});

test.each([
  ["none", ""],
  ["more than fits", "x".repeat(MAX_CODE_CHARS + 1)],
])("code to run is refused when there is %s", (_what, code) => {
  expect(TOOLS.run_code.input.safeParse({ code }).success).toBe(false);
  expect(TOOLS.run_code.input.safeParse({ code: code.slice(0, MAX_CODE_CHARS) || "1" }).success).toBe(true);
});

test("names of object members are no tools", () => {
  expect(isToolName("constructor")).toBe(false);
  expect(isToolName("read_file")).toBe(true);
});
