import { createServer } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { audit, type AuditQuestion } from "./check-advisories.ts";

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const ADVISORY = { id: 1, url: "https://advisories.invalid/GHSA-1", title: "Bad things", severity: "high", vulnerable_versions: "<2.0.0" };

/** A registry that answers the one question so, and what it was asked. */
async function aRegistry(status: number, body: unknown) {
  const asked: { method: string | undefined; url: string | undefined; body: unknown }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (piece: Buffer) => (text += piece.toString("utf8")));
    request.on("end", () => {
      asked.push({ method: request.method, url: request.url, body: JSON.parse(text) });
      response.writeHead(status, { "content-type": "application/json" }).end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const close = (): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
  open.push(close);
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("The registry is not listening.");
  return { registry: `http://127.0.0.1:${address.port}`, asked, close };
}

const aQuestion = (registry: string, change: Partial<AuditQuestion> = {}): AuditQuestion => ({
  registry,
  packages: [
    { name: "left", version: "1.0.0" },
    { name: "left", version: "2.0.0" },
    { name: "@scope/right", version: "3.1.0" },
  ],
  accepted: [],
  today: "2030-01-15",
  ...change,
});

describe("the audit for advisories", () => {
  it("asks about every installed version at once and passes where none is known", async () => {
    const { registry, asked } = await aRegistry(200, {});
    expect(await audit(aQuestion(registry))).toEqual({ outcome: "checked", packages: 3, faults: [], notes: [] });
    expect(asked).toEqual([{ method: "POST", url: "/-/npm/v1/security/advisories/bulk", body: { left: ["1.0.0", "2.0.0"], "@scope/right": ["3.1.0"] } }]);
  });

  it("fails on high and critical, names package and versions, and only notes what is less", async () => {
    const { registry } = await aRegistry(200, {
      left: [ADVISORY, { ...ADVISORY, url: "https://advisories.invalid/GHSA-2", severity: "moderate" }],
      "@scope/right": [{ ...ADVISORY, url: "https://advisories.invalid/GHSA-3", severity: "critical" }],
    });
    const result = await audit(aQuestion(registry));
    if (result.outcome !== "checked") throw new Error(result.reason);
    expect(result.faults).toHaveLength(2);
    expect(result.faults[0]).toContain("left (1.0.0, 2.0.0): high: Bad things");
    expect(result.notes).toHaveLength(1);
  });

  it("lets a listed one pass until its day, and not the same one in another package", async () => {
    const { registry } = await aRegistry(200, { left: [ADVISORY] });
    const known = { url: ADVISORY.url, name: "left", reason: "not reached", reviewed: "2030-01-01", until: "2030-02-01" };
    expect(await audit(aQuestion(registry, { accepted: [known] }))).toMatchObject({ faults: [], notes: [expect.stringContaining("not reached")] });
    expect(await audit(aQuestion(registry, { accepted: [known], today: "2030-02-01" }))).toMatchObject({
      faults: [expect.stringContaining("until 2030-02-01 only")],
    });
    expect(await audit(aQuestion(registry, { accepted: [{ ...known, name: "right" }] }))).toMatchObject({ faults: [expect.stringContaining("left")] });
  });

  it("is not passed and not failed where the registry does not know the question, answers nonsense or is not there", async () => {
    for (const status of [404, 405, 500]) {
      const { registry } = await aRegistry(status, {});
      expect(await audit(aQuestion(registry))).toMatchObject({ outcome: "not checked", reason: expect.stringContaining(String(status)) });
    }
    for (const body of ["no json", { left: "nothing" }, { left: [{ ...ADVISORY, severity: "new" }] }]) {
      const { registry } = await aRegistry(200, body);
      expect(await audit(aQuestion(registry))).toMatchObject({ outcome: "not checked", reason: expect.stringContaining("no list of advisories") });
    }
    const gone = await aRegistry(200, {});
    await gone.close();
    expect(await audit(aQuestion(gone.registry))).toMatchObject({ outcome: "not checked", reason: expect.stringContaining("does not answer") });
    await expect(audit(aQuestion(gone.registry, { packages: [] }))).rejects.toThrow(RangeError);
  });
});
