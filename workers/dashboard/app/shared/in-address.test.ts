import * as z from "zod/mini";
import { describe, expect, it } from "vitest";
import { inAddress } from "./in-address.ts";

const search = z.object({ at: inAddress(z.int().check(z.positive())), only: inAddress(z.array(z.enum(["a", "b"]))) });

describe("an address", () => {
  it("is read as it is, and without the parts that are not understood", () => {
    expect(search.parse({ at: 3, only: ["a"] })).toEqual({ at: 3, only: ["a"] });
    expect(search.parse({})).toEqual({});
    expect(search.parse({ at: -1, only: ["c"] })).toEqual({ at: undefined, only: undefined });
    expect(search.parse({ at: "x", only: ["b"] }).only).toEqual(["b"]);
  });
});
