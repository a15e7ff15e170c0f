import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { FactoryAdmin, ReceivedMessageSchema, SubscriberSchema } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import type { CommandContext } from "./command.ts";
import { org } from "./org.ts";

const AT = timestampFromMs(Date.parse("2026-08-04T12:00:00Z"));
const URL_1 = "https://we.example.com/told";

/** Runs `factory org ...` against a platform that answers from memory. */
async function run(positionals: readonly string[], values: CommandContext["values"] = {}) {
  const asked: unknown[] = [];
  const printed: string[] = [];
  const transport = createRouterTransport(({ rpc }) => {
    rpc(FactoryAdmin.method.putSubscriber, ({ url }) => (asked.push({ url }), { added: true }));
    rpc(FactoryAdmin.method.removeSubscriber, ({ url }) => (asked.push({ url }), { removed: false }));
    rpc(FactoryAdmin.method.listSubscribers, () => ({
      subscribers: [create(SubscriberSchema, { url: URL_1, addedBy: "dev", pending: 2, lastDeliveredAt: AT, lastError: "It answered 500.\nMore." })],
    }));
    rpc(FactoryAdmin.method.listReceivedMessages, ({ limit, before }) => {
      asked.push({ limit, before });
      return { messages: [create(ReceivedMessageSchema, { seq: 7, id: "ESC-1", from: "other-kernel", receivedAt: AT, state: "done", detail: "" })] };
    });
  });
  // The commands under test ask the administration only.
  const client = { admin: createClient(FactoryAdmin, transport) } as unknown as ReturnType<CommandContext["client"]>;
  const context: CommandContext = {
    positionals,
    values,
    directory: "/",
    env: {},
    credentials: () => {
      throw new Error("no credentials are read");
    },
    client: () => client,
    print: (line) => void printed.push(line),
  };
  return { code: await org.run(context), asked, printed };
}

describe("factory org subscriber", () => {
  it("adds and removes an address, and says when there was nothing to do", async () => {
    expect(await run(["subscriber", "add", URL_1])).toMatchObject({ code: 0, asked: [{ url: URL_1 }], printed: [`${URL_1} is told from now on.`] });
    expect(await run(["subscriber", "remove", URL_1])).toMatchObject({ code: 0, asked: [{ url: URL_1 }], printed: [`${URL_1} was not told.`] });
  });

  it("lists who is told and how it goes, one line each", async () => {
    const { printed } = await run(["subscriber", "list"]);
    expect(printed).toHaveLength(2);
    expect(printed[1]).toMatch(/we\.example\.com\/told +dev +2 +2026-08-04T12:00:00Z +It answered 500\. More\./);
    const { printed: json } = await run(["subscriber", "list"], { json: true });
    expect(JSON.parse(json[0] ?? "")).toMatchObject({ outcome: "COMPLETED", subscribers: [{ url: URL_1, pending: 2 }] });
  });

  it.each([[["subscriber"]], [["subscriber", "add"]], [["subscriber", "drop", URL_1]], [["subscriber", "add", URL_1, "more"]]])(
    "refuses %j",
    async (positionals) => {
      await expect(run(positionals)).rejects.toThrow(/missing|There is no|Too many/);
    },
  );
});

describe("factory org messages", () => {
  it("shows what other kernels told, from where the caller says", async () => {
    const { asked, printed } = await run(["messages"], { limit: "5", before: "9" });
    expect(asked).toEqual([{ limit: 5, before: 9 }]);
    expect(printed[1]).toMatch(/^7 +2026-08-04T12:00:00Z +other-kernel +ESC-1 +done/);
  });
});
