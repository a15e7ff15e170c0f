import { describe, expect, it } from "vitest";
import { checkOrder, type OrderCheck } from "./order-check.ts";
import { OrderChecker, type CheckPort, type PortListener } from "./order-checker.ts";
import type { OrderRequest, OrderResponse } from "./order-messages.ts";

/** A checker with a worker that answers when it is told to. */
function aChecker() {
  const sent: OrderRequest[] = [];
  const checks: OrderCheck[] = [];
  const failures: string[] = [];
  const world: { listener?: PortListener; ended: boolean } = { ended: false };
  const open = (listener: PortListener): CheckPort => {
    world.listener = listener;
    return { send: (request) => sent.push(request), end: () => (world.ended = true) };
  };
  const checker = new OrderChecker(open, { onCheck: (check) => checks.push(check), onFailed: (message) => failures.push(message) });
  const respond = (response: OrderResponse): void => world.listener?.onResponse(response);
  const answer = (): void => {
    const request = sent.findLast(({ kind }) => kind === "check");
    if (request?.kind !== "check") throw new Error("Nothing is checked.");
    respond({ kind: "checked", id: request.id, check: checkOrder(request.text, []) });
  };
  const texts = (): string[] => sent.flatMap((request) => (request.kind === "check" ? [request.text] : []));
  return { world, checker, sent, checks, failures, respond, answer, texts };
}

describe("the checker of orders", () => {
  it("checks the newest text after the one that is being checked, and skips those between", () => {
    const { checker, texts, answer, checks } = aChecker();
    for (const text of ["a", "ab", "abc"]) checker.check(text);
    expect(texts()).toEqual(["a"]);
    answer();
    expect([texts(), checks]).toEqual([["a", "abc"], []]);
    answer();
    expect(checks.map(({ text }) => text)).toEqual(["abc"]);
  });

  it("looks at the same text again when other files come", () => {
    const { checker, sent, answer, checks } = aChecker();
    checker.check("a");
    answer();
    checker.attach([{ path: "a.ts", content: "" }]);
    expect(sent.map(({ kind }) => kind)).toEqual(["check", "files", "check"]);
    answer();
    expect(checks.map(({ text }) => text)).toEqual(["a", "a"]);
  });

  it("answers what changes a setting, and nothing once it has ended", async () => {
    const { checker, sent, respond, world } = aChecker();
    const changed = checker.set("# A", "priority", "high");
    respond({ kind: "set", id: sent.length, text: "changed" });
    expect(await changed).toBe("changed");
    const open = checker.set("# A", "priority", "low");
    checker.dispose();
    expect([await open, world.ended]).toEqual([null, true]);
  });

  it("says that it cannot check when its worker cannot be loaded", () => {
    const { world, failures } = aChecker();
    world.listener?.onError("");
    expect(failures).toEqual([expect.stringContaining("could not be loaded")]);
  });
});
