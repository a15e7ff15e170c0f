import { objectName } from "@factory/schemas";
import { describe, expect, it } from "vitest";
import { ownOrg } from "./own-org.ts";

describe("an object of this Worker", () => {
  it("is its organisation's, whatever is in the name", () => {
    expect(ownOrg(objectName.signalDesk("acme"), "signals")).toBe("acme");
    expect(ownOrg(objectName.directory("a:c%me"), "directory")).toBe("a:c%me");
  });

  it.each([undefined, "", "somewhere", objectName.directory("acme"), "signals:"])("is not made under the name %j", (name) => {
    expect(() => ownOrg(name, "signals")).toThrow(expect.objectContaining({ code: "INTEGRITY" }));
  });
});
