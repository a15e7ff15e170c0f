import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { caughtUp, emptyList, withHead, withPage, withRows, type ListPage, type SessionList } from "./session-list.ts";

type Row = { readonly id: string; readonly state: string };

const rows = (ids: string, state = "EXECUTING"): Row[] => ids.split("").map((id) => ({ id, state }));
const page = (ids: string, next: string | null = null, state?: string): ListPage<Row> => ({ rows: rows(ids, state), next });
const shown = (list: SessionList<Row>): string => list.rows.map(({ id }) => id).join("");
const aList = (ids: string, next: string | null = null): SessionList<Row> => withHead(emptyList<Row>(), page(ids, next), true);

describe("a list that is read while it changes", () => {
  it("keeps its rows in their places and says what is new", () => {
    const list = withHead(aList("abc", "p2"), page("xba", "p2", "COMPLETED"), false);
    expect(shown(list)).toBe("abc");
    expect(list.rows.map(({ state }) => state)).toEqual(["COMPLETED", "COMPLETED", "EXECUTING"]);
    expect(list.waiting).toEqual(["x"]);
  });

  it("shows what is new when the reader asks for it, in its place", () => {
    const list = caughtUp(withHead(aList("abc", "p2"), page("xba", "p3"), false));
    expect([shown(list), list.waiting, list.next]).toEqual(["xba", [], "p3"]);
  });

  it("moves by itself while nobody is in it, and when there was nothing", () => {
    expect(shown(withHead(aList("abc"), page("cab"), true))).toBe("cab");
    expect(shown(withHead(emptyList<Row>(), page("ab"), false))).toBe("ab");
  });

  it("marks a row that it no longer has, where it has been answered whole", () => {
    expect([...withHead(aList("abc"), page("ac"), false).gone]).toEqual(["b"]);
    expect([...withHead(aList("abc", "p2"), page("xac", "p2"), false).gone]).toEqual([]);
    expect([...withHead(withPage(aList("abc", "p2"), page("d")), page("abc"), false).gone]).toEqual([]);
  });

  it("grows by pages, each row once, and goes on from the last of them", () => {
    const list = withPage(aList("abc", "p2"), page("cde", "p3"));
    expect([shown(list), list.next]).toEqual(["abcde", "p3"]);
    const polled = withHead(list, page("abc", "p2"), false);
    expect([shown(polled), polled.next]).toEqual(["abcde", "p3"]);
  });

  it("renews rows anywhere in it", () => {
    const list = withRows(withPage(aList("ab", "p2"), page("cd")), rows("dz", "FAILED"));
    expect(list.rows.map(({ id, state }) => `${id} ${state}`)).toEqual(["a EXECUTING", "b EXECUTING", "c EXECUTING", "d FAILED"]);
  });

  it("never moves, loses or repeats a shown row unless it may, whatever is answered", () => {
    const ids = fc.uniqueArray(fc.constantFrom(..."abcdefgh"), { maxLength: 8 }).map((letters) => letters.join(""));
    fc.assert(
      fc.property(
        ids.filter((first) => first !== ""),
        fc.array(fc.tuple(ids, fc.boolean())),
        (first, answers) => {
          let list = aList(first, "p2");
          for (const [answered, isPage] of answers) {
            const before = shown(list);
            list = isPage ? withPage(list, page(answered, "p")) : withHead(list, page(answered, "p"), false);
            expect(shown(list).startsWith(before)).toBe(true);
            expect(new Set(shown(list)).size).toBe(shown(list).length);
          }
        },
      ),
    );
  });
});
