import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entityId } from "./entity-ids.ts";
import type { EntityKind } from "./entity-ids.ts";

const KINDS: readonly EntityKind[] = ["issue", "comment", "relation", "milestone", "label", "document", "webhook"];
const kind = fc.constantFrom(...KINDS);
const key = fc.string({ unit: "binary", maxLength: 40 });

describe("ids of what is made in Linear", () => {
  it("are the ones that earlier attempts used: a change of them would make everything twice", () => {
    expect(entityId("issue", "acme/session/SES-1//0")).toBe("d285ef0b-31d4-4baf-9dfa-57fcef4cffdd");
  });

  it("are UUIDs of version 4, whatever they are ids of", () => {
    fc.assert(
      fc.property(kind, key, (of, text) => {
        expect(entityId(of, text)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }),
    );
  });

  it("are the same for the same thing, and differ for another kind or key", () => {
    fc.assert(
      fc.property(fc.tuple(kind, key), fc.tuple(kind, key), (one, other) => {
        const same = one[0] === other[0] && one[1].toWellFormed() === other[1].toWellFormed();
        expect(entityId(...one) === entityId(...other)).toBe(same);
        expect(entityId(...one)).toBe(entityId(...one));
      }),
    );
  });
});
