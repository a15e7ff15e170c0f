import { readFileSync } from "node:fs";
import { buildSchema, isInputObjectType, isObjectType, parse, validate, validateSchema } from "graphql";
import { describe, expect, it } from "vitest";
import * as documents from "../../workers/linear-bridge/src/linear-api/documents.ts";
import { LINEAR_SCHEMA, linearSchema } from "./generate-schema.ts";
import { OPERATIONS } from "./schema-selection.ts";

describe("the part of Linear's schema", () => {
  const text = readFileSync(LINEAR_SCHEMA, "utf8");
  const schema = buildSchema(text);

  it("is what the installed package publishes, says which version that is, and carries its licence", () => {
    expect(text).toBe(linearSchema());
    expect(text).toMatch(/@linear\/sdk \d+\.\d+\.\d+ publishes it \(sha512-/);
    expect(text).toContain("Permission is hereby granted, free of charge");
  });

  it("is a valid schema with every selected operation", () => {
    expect(validateSchema(schema)).toEqual([]);
    for (const [root, fields] of Object.entries(OPERATIONS)) {
      const type = schema.getType(root);
      expect(isObjectType(type) ? Object.keys(type.getFields()).sort() : []).toEqual([...fields].sort());
    }
  });

  it("has inputs whole: what Linear takes and the factory never sends is there, and must-haves are must-haves", () => {
    const type = schema.getType("IssueCreateInput");
    if (!isInputObjectType(type)) throw new Error("IssueCreateInput is no input.");
    const fields = type.getFields();
    expect(Object.keys(fields).length).toBeGreaterThan(30);
    expect(String(fields["teamId"]?.type)).toBe("String!");
    expect(String(fields["labelIds"]?.type)).toBe("[String!]");
    expect(fields["slaBreachesAt"]).toBeDefined();
  });

  it("has everything that the bridge asks of Linear", () => {
    const requests = Object.entries<string>(documents);
    expect(requests.length).toBeGreaterThan(10);
    for (const [name, request] of requests) expect(validate(schema, parse(request)), name).toEqual([]);
  });
});
