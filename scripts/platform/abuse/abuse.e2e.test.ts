/** Abuse of the real platform: a table of calls that must not work, and made-up ones without number. None has an effect. */
import { readFileSync } from "node:fs";
import { FactoryAdmin } from "@factory/schemas/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { abuseSection, abuseTable, SECURITY_PAGE } from "../../generate-abuse-doc.ts";
import { http, TAKEN } from "./answers.ts";
import { CONNECT_FUZZ } from "./fuzz/connect-fuzz.ts";
import { FUZZ_SEED } from "./fuzz/judge.ts";
import { LINEAR_FUZZ } from "./fuzz/linear-fuzz.ts";
import { SIGNAL_FUZZ } from "./fuzz/signal-fuzz.ts";
import { SUBMISSION_FUZZ } from "./fuzz/submission-fuzz.ts";
import { TOKEN_FUZZ } from "./fuzz/token-fuzz.ts";
import { aBlock } from "./linear-door.ts";
import { CaseRunner, faultsOf, NOTHING_CAME } from "./run-case.ts";
import { ABUSE_CASES, ABUSE_GROUPS } from "./table.ts";
import { reply } from "./traces.ts";
import { abuseWorld, type AbuseWorld } from "./world.ts";

// What is made up of good calls may leave effects on their way, so it comes last.
const FUZZ = [TOKEN_FUZZ, ...SUBMISSION_FUZZ, ...SIGNAL_FUZZ, ...LINEAR_FUZZ, CONNECT_FUZZ];

let world: AbuseWorld;
let runner: CaseRunner;
beforeAll(async () => {
  world = await abuseWorld();
  runner = await CaseRunner.start(world);
});
afterAll(() => world?.dispose());

describe("the table", () => {
  it("has 60 cases and more, each with a name of its own", () => {
    const names = ABUSE_CASES.map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(60);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    console.log(abuseTable());
  });

  it("is in docs/SECURITY.md as it is", () => {
    expect(readFileSync(SECURITY_PAGE, "utf8")).toContain(abuseSection());
  });
});

describe("what runs the cases", () => {
  it("notices an effect, at once and in which table", async () => {
    const call = ({ door, keys }: AbuseWorld) =>
      door.connect(FactoryAdmin.method.putMember, { memberId: "effect", name: "Effect", roles: ["viewer"] }, keys.dev);
    const result = await runner.run({ call });
    expect(result.answer).toEqual(TAKEN);
    expect(result.moved).toContainEqual(expect.stringMatching(/-OrgDirectoryDO\/.*#members$/));
    expect(faultsOf({ expected: TAKEN }, result).length).toBeGreaterThan(0);
  });

  it("notices an effect that comes after the answer, and what is said in Linear", async () => {
    const { linear, sessions } = world;
    const call = ({ door }: AbuseWorld) => linear.deliver(door, "mallory", sessions.shop.issue, aBlock("commission"));
    const leaves = reply(/Only registered people decide/);
    const result = await runner.run({ call, leaves });
    expect(faultsOf({ expected: http(200, "refused: PERMISSION_DENIED"), leaves }, result)).toEqual([]);
    expect(faultsOf({ expected: http(200, "refused: PERMISSION_DENIED") }, result).join("\n")).toContain("Only registered people decide");
    const { said } = await runner.run({ call: ({ door }) => linear.deliver(door, "mallory", sessions.decided.issue, aBlock("commission")) });
    // The issue is written to after the comment is answered.
    expect([...said, ...(await runner.settle()).said]).toEqual([expect.stringMatching(/Only registered people decide/)]);
  });
});

describe.each(ABUSE_GROUPS)("abuse: %s", (group) => {
  it.each(ABUSE_CASES.filter((each) => each.group === group))("$name", async (abuse) => {
    expect(faultsOf(abuse, await runner.run(abuse))).toEqual([]);
  });

  it("and nothing comes after", async () => {
    expect(await runner.settle()).toEqual(NOTHING_CAME);
  });
});

describe("made-up input", () => {
  it.each(FUZZ)("has no effect and makes nothing fail: $name", async ({ name, run }) => {
    const { tally, good, leaves, replies = false } = await run(world);
    console.log(`${name} (seed ${FUZZ_SEED}): ${good} good after all; ${tally.toString()}`);
    const { moved, changed, said } = await runner.settle(leaves);
    expect(moved).toEqual([]);
    expect(changed.filter((field) => !(replies && field === "commentCreate"))).toEqual([]);
    expect(replies ? [] : said).toEqual([]);
    expect(good).toBeGreaterThan(0);
  });
});
