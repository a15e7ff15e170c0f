import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifyEnvelope, type EnvelopeKeyRecord } from "@factory/governance";
import { MAX_ORDER_BYTES } from "@factory/schemas";
import { StreamMode } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import { UsageError } from "./errors.ts";
import { readSubmission, signedRequest } from "./submission.ts";
import { testFolder } from "./testing/terminal.ts";

const ORDER = [
  "## Problem",
  "",
  "Titles make no addresses.",
  "",
  "## Goal",
  "",
  "Addresses.",
  "",
  "## Acceptance criteria",
  "",
  "- `slugify` gives dashes.",
  "",
  "```ts",
  "function slugify(title: string): string",
  "```",
  "",
  "```examples",
  'slugify("A B") => "a-b"',
  "```",
  "",
].join("\n");
const orderWith = (frontMatter: string): string => `---\ntitle: Slugs\n${frontMatter}\n---\n${ORDER}`;

const folder = testFolder("factory-order");
const { put } = folder;

describe("readSubmission", () => {
  it("attaches what the front matter and the caller name, once each, in path order", () => {
    put("tests/b.test.ts", "b");
    put("tests/a.test.ts", "a");
    put("tests/deep/ä.test.ts", "ä");
    put("notes.md", "n");
    const order = put("order.md", orderWith("files:\n  - tests/**/*.test.ts\n  - tests/a.test.ts"));
    const submission = readSubmission(order, ["notes.md"]);
    expect(submission.parsed?.title).toBe("Slugs");
    expect(submission.files.map((file) => file.path)).toEqual(["notes.md", "tests/a.test.ts", "tests/b.test.ts", "tests/deep/ä.test.ts"]);
    expect(submission.files.at(-1)?.content).toBe("ä");
  });

  it("answers faults instead of throwing for an order that does not parse", () => {
    const submission = readSubmission(put("order.md", "# Nothing\n"));
    expect(submission.parsed).toBeUndefined();
    expect(submission.faults.length).toBeGreaterThan(0);
  });

  it.each([
    ["a glob that matches nothing", "none/*.ts"],
    ["a path above the order", "../x.ts"],
    ["a link that leads out", "link.ts"],
    ["a file that is not text", "binary.ts"],
  ])("refuses %s", (_name, pattern) => {
    const inside = mkdtempSync(join(folder.path, "in-"));
    writeFileSync(join(folder.path, "x.ts"), "secret");
    symlinkSync(join(folder.path, "x.ts"), join(inside, "link.ts"));
    writeFileSync(join(inside, "binary.ts"), new Uint8Array([0xff, 0xfe]));
    writeFileSync(join(inside, "order.md"), orderWith(""));
    expect(() => readSubmission(join(inside, "order.md"), [pattern])).toThrow(UsageError);
  });

  it("refuses an order that is not there, is a folder, or is over 1 MiB", () => {
    expect(() => readSubmission(join(folder.path, "none.md"))).toThrow(/none\.md/);
    expect(() => readSubmission(folder.path)).toThrow(UsageError);
    expect(() => readSubmission(put("big.md", "x".repeat(MAX_ORDER_BYTES + 1)))).toThrow(/larger/);
  });
});

describe("signedRequest", () => {
  const secret = Buffer.alloc(32, 3).toString("base64");
  const credentials = { org: "local", apiKey: "fk", envelopeKeyId: "ek", envelopeSecret: secret };
  const record: EnvelopeKeyRecord = { keyId: "ek", org: "local", algorithm: "HMAC-SHA256", secret, status: "active" };

  it("makes an envelope that verifies and carries the order and its files", async () => {
    put("a.test.ts", "a");
    const submission = readSubmission(put("order.md", orderWith("assembly: shop\nfiles: [a.test.ts]")));
    const request = await signedRequest(submission, credentials, StreamMode.TERMINAL_ONLY);
    const { payload, signature } = request.envelope ?? {};
    const answer = await verifyEnvelope(
      payload ?? new Uint8Array(),
      { algorithm: "HMAC-SHA256", value: signature?.value ?? new Uint8Array() },
      async () => record,
      Date.now(),
    );
    expect(answer).toMatchObject({
      ok: true,
      envelope: { session: { assemblyId: "shop" }, payload: { workOrder: submission.text, files: [{ path: "a.test.ts", content: "a" }] } },
    });
    expect(request.streamMode).toBe(StreamMode.TERMINAL_ONLY);
  });

  it("names the same work order for the same text, and a new envelope each time", async () => {
    const submission = readSubmission(put("order.md", orderWith("")));
    const ids = await Promise.all(
      [1, 2].map(
        async () =>
          JSON.parse(new TextDecoder().decode((await signedRequest(submission, credentials)).envelope?.payload)) as { envelopeId: string; governance: object },
      ),
    );
    expect(ids[0]?.governance).toEqual(ids[1]?.governance);
    expect(ids[0]?.envelopeId).not.toBe(ids[1]?.envelopeId);
  });

  it("says how to get an envelope key when there is none", async () => {
    const submission = readSubmission(put("order.md", orderWith("")));
    await expect(signedRequest(submission, { ...credentials, envelopeSecret: "" })).rejects.toThrow(/FACTORY_ENVELOPE_KEY/);
  });
});
