import { readFileSync } from "node:fs";
import { ERRORS } from "@factory/schemas";
import { describe, expect, it } from "vitest";
import { ERRORS_PAGE, errorsPage } from "./generate-errors-doc.ts";

describe("docs/ERRORS.md", () => {
  it("is what the registry gives", () => {
    expect(readFileSync(ERRORS_PAGE, "utf8")).toBe(errorsPage());
  });

  it("has one row for each code, with its Connect code and what to do", () => {
    const rows = errorsPage()
      .split("\n")
      .filter((line) => /^\| `[A-Z_]+` \|/.test(line));
    expect(rows).toHaveLength(Object.keys(ERRORS).length);
    for (const [code, { connect, suggestion }] of Object.entries(ERRORS)) {
      expect(rows.filter((row) => row.startsWith(`| \`${code}\` | \`${connect}\``) && row.includes(suggestion.replaceAll("|", "\\|")))).toHaveLength(1);
    }
  });
});
