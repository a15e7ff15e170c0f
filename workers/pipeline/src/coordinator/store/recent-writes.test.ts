/** What recent writes say of a pattern is what looking at every one of them says, or nothing. */
import { matchesAny } from "@factory/workspace";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RecentWrites } from "./recent-writes.ts";

const segment = fc.constantFrom("src", "a", "b", "x.ts");
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const pattern = fc.oneof(
  path,
  path.map((name) => `${name}/**`),
  fc.constantFrom("**", "src/*", "*/x.ts", "s*", "src/**/x.ts", "?", "*/**"),
);

test("whatever is written and asked for, the answer is that of all writes since, where they are kept", () => {
  fc.assert(
    fc.property(fc.array(path, { maxLength: 12 }), fc.array(pattern, { maxLength: 3 }), fc.nat(5), fc.nat(15), (paths, patterns, start, since) => {
      const recent = new RecentWrites();
      const writes = paths.map((name, index) => ({ path: name, digest: null, beadId: "b", version: start + index + 1 }));
      for (const written of writes) recent.add(written);
      const all = writes.some(({ path: name, version }) => version > since && matchesAny(patterns, name));
      const answer = recent.touched(since, patterns);
      if (writes.length === 0 || since < start) expect(answer).toBeNull();
      else expect(answer).toBe(all);
    }),
  );
});

test("what is no longer kept is not answered for, and what is kept is", () => {
  const recent = new RecentWrites();
  for (let version = 1; version <= 5_000; version++) recent.add({ path: `src/${version}.ts`, digest: null, beadId: "b", version });
  expect(recent.touched(0, ["src/1.ts"])).toBeNull();
  expect(recent.touched(4_990, ["src/4991.ts"])).toBe(true);
  expect(recent.touched(4_990, ["src/4990.ts", "lib/**"])).toBe(false);
  expect(recent.touched(4_990, ["src/**"])).toBe(true);
});
