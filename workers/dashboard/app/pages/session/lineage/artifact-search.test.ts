import { describe, expect, it } from "vitest";
import { artifactsFound, titleOf, typesOf, type Listed } from "./artifact-search.ts";

const ARTIFACTS: readonly Listed[] = [
  { id: "SIG-1", type: "Signal", metadata: { title: "Cart pricing" } },
  { id: "CLM-1", type: "Claim", metadata: { title: "`subtotal` sums the cart" } },
  { id: "CLM-2", type: "Claim", metadata: null },
  { id: "EVD-1", type: null, metadata: { other: 1 } },
];
const ids = (found: readonly Listed[]): string[] => found.map(({ id }) => id);

describe("an artifact", () => {
  it("is named by its metadata, and by its id where that says nothing", () => {
    expect(ARTIFACTS.map(titleOf)).toEqual(["Cart pricing", "`subtotal` sums the cart", "CLM-2", "EVD-1"]);
  });

  it("is found by every word of its title or id, in any case, and within its type", () => {
    expect(ids(artifactsFound(ARTIFACTS, "", null))).toEqual(["SIG-1", "CLM-1", "CLM-2", "EVD-1"]);
    expect(ids(artifactsFound(ARTIFACTS, " CART ", null))).toEqual(["SIG-1", "CLM-1"]);
    expect(ids(artifactsFound(ARTIFACTS, "cart sums", null))).toEqual(["CLM-1"]);
    expect(ids(artifactsFound(ARTIFACTS, "clm", "Claim"))).toEqual(["CLM-1", "CLM-2"]);
    expect(ids(artifactsFound(ARTIFACTS, "cart", "Claim"))).toEqual(["CLM-1"]);
  });

  it("is counted under its type", () => {
    expect(typesOf(ARTIFACTS)).toEqual([
      { type: "Claim", count: 2 },
      { type: "Signal", count: 1 },
    ]);
  });
});
