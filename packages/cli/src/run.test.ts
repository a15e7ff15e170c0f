import { describe, expect, it } from "vitest";
import { main } from "./run.ts";
import { capturedOutput } from "./testing/terminal.ts";

const output = capturedOutput();

const COMMANDS =
  "submit status events approve reject amend cancel evidence deliverable verify validate plan envelope lineage why impact knowing-state trust consent policy whoami org member key admin".split(
    " ",
  );
/** Commands that ask no platform. */
const OFFLINE: readonly string[] = ["verify", "plan"];
const ENV = { FACTORY_URL: "http://127.0.0.1:9", FACTORY_API_KEY: "fk_test" };

describe("factory --help", () => {
  it("names every command", async () => {
    expect(await main(["--help"], {})).toBe(0);
    expect([...output.out.matchAll(/^ {2}([a-z-]+) {2}/gm)].map((match) => match[1] ?? "").toSorted()).toEqual(COMMANDS.toSorted());
  });

  it("names them by what they are for, the work before who runs it", async () => {
    await main(["--help"], {});
    const titles = [...output.out.matchAll(/^([A-Z][a-z ]+)$/gm)].map((match) => match[1]);
    expect([titles[0], titles[1], titles.at(-1)]).toEqual(["Before an order is sent", "Sessions", "Operations"]);
    expect(output.out).toMatch(/^Your organisation\n {2}whoami .*\n {2}org .*\n {2}member .*\n {2}key .*\n\n/m);
  });

  it("tells each way to call a command on a line of its own, and its options in two columns", async () => {
    await main(["key", "--help"], {});
    const [usage = "", summary, options = ""] = output.out.split("\n\n");
    expect(usage.split("\n").slice(0, 2)).toEqual([
      "Usage: factory key list",
      "       factory key create --label L [--member M | --machine M] [--scope S[,S]] [--expires ISO]",
    ]);
    expect(summary).toMatch(/^ {2}API keys/);
    const columns = options
      .trimEnd()
      .split("\n")
      .map((line) => /^ {2}\S.*? {2,}/.exec(line)?.[0].length);
    expect(columns).toHaveLength(13);
    expect(new Set(columns).size).toBe(1);
  });

  it.each(COMMANDS)("tells how %s is used, with the options every command takes", async (name) => {
    expect(await main([name, "--help"], {})).toBe(0);
    expect(output.out).toMatch(new RegExp(`^Usage: factory ${name} `));
    for (const option of OFFLINE.includes(name) ? ["--json"] : ["--json", "--url", "--key"]) expect(output.out).toContain(option);
  });
});

describe("a command line that is wrong", () => {
  it.each([
    [["nonsense"]],
    [["submit"]],
    [["submit", "none.md"]],
    [["submit", "order.md", "--color"]],
    [["events", "SES-1", "--after", "soon"]],
    [["approve", "SES-1"]],
    [["reject", "SES-1", "REV-1"]],
    [["verify"]],
    [["plan"]],
    [["plan", "none.md"]],
    [["plan", "order.md", "--url", "http://127.0.0.1:9"]],
    [["verify", "none.json", "--key", "none.json"]],
    [["verify", "none.json", "--url", "http://127.0.0.1:9"]],
    [["lineage"]],
    [["lineage", "SPEC-1", "--direction", "sideways"]],
    [["why", "SPEC-1", "--depth", "0"]],
    [["trust", "set", "agent:coder", "0.5"]],
    [["trust", "set", "agent:coder", "2", "--rationale", "why"]],
    [["trust", "drop", "agent:coder", "--rationale", "why"]],
    [["consent", "set", "coder"]],
    [["consent", "set", "coder", "--grant", "read_file", "write_file"]],
    [["consent", "set", "--grant", "read_file"]],
    [["consent", "revoke", "coder", "--grant", "read_file"]],
    [["consent", "revoke", "coder", "--expires", "2027-01-01T00:00:00Z"]],
    [["consent", "give", "coder"]],
    [["admin", "health"]],
    [["admin", "operations", "--limit", "101"]],
    [["whoami", "now"]],
    [["org"]],
    [["org", "burn"]],
    [["org", "create", "acme"]],
    [["org", "create", "acme", "--admin", "ana"]],
    [["org", "changes", "--limit", "101"]],
    [["org", "issuer", "put", "https://login.test/"]],
    [["org", "issuer", "keep", "https://login.test/"]],
    [["member"]],
    [["member", "add"]],
    [["member", "remove", "ana", "bea"]],
    [["member", "list", "--role", "viewer", "extra"]],
    [["key"]],
    [["key", "create"]],
    [["key", "create", "--label", "x", "--member", "a", "--machine", "b"]],
    [["key", "create", "--label", "x", "--machine", "b"]],
    [["key", "create", "--label", "x", "--expires", "soon"]],
    [["key", "rotate"]],
    [["key", "rotate", "key-1", "--overlap", "soon"]],
    [["key", "signing"]],
    [["key", "signing", "add", "ek_1"]],
    [["key", "signing", "add", "ek_1", "--use", "kernel", "--public-key", "none.pem"]],
    [["key", "signing", "rotate", "ek_1"]],
    [["policy", "show", "a.yaml"]],
    [["policy", "apply", "none.yaml"]],
  ])("exits 2 and says so on standard error: %j", async (args) => {
    expect(await main(args, ENV)).toBe(2);
    expect(output.err).toMatch(/usage|--help|cannot be read|whole number|--note|--rationale|--direction|--limit|no options/i);
    expect(output.out).toBe("");
  });

  it("exits 2 without a command", async () => {
    expect(await main([], {})).toBe(2);
    expect(output.out).toContain("Usage");
  });

  it("ends with a result line on standard output with --json", async () => {
    expect(await main(["submit", "none.md", "--json"], ENV)).toBe(2);
    expect(JSON.parse(output.out)).toMatchObject({ outcome: "FAILED", reason: expect.stringContaining("none.md") });
  });
});
