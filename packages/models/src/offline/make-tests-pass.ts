/** Tests that have to pass: the offline model cannot read what they ask for, but it can find out that they pass already. */
import { z } from "zod";
import { blocked, complete } from "./report.ts";
import { readOutput, textOf, type Conversation, type OfflineAnswer } from "./task.ts";
import { checksPassed } from "./write-code.ts";

const testsTask = z.looseObject({ tests: z.array(z.string()).min(1) });

/**
 * The next step of a `make-tests-pass` task: the checks are run on the tree as it is.
 *
 * @param advice - what a person can do where it cannot go on
 */
export function makeTestsPass(conversation: Conversation, advice: string): OfflineAnswer {
  const parsed = testsTask.safeParse(conversation.task);
  if (!parsed.success) return blocked("The task block is not usable.", [z.prettifyError(parsed.error)]);
  const tests = parsed.data.tests.join(", ");
  const use = conversation.uses.findLast(({ name, output }) => name === "run_checks" && output !== undefined);
  if (use?.output === undefined) {
    if (conversation.tools.has("run_checks")) return { kind: "tools", calls: [{ name: "run_checks", input: {} }] };
    return blocked(`It is not known whether ${tests} pass.`, [
      "The tool run_checks is not offered.",
      `Writing code for tests needs a language model. ${advice}`,
    ]);
  }
  const checks = readOutput(use.output);
  if (!checksPassed(checks)) {
    return blocked(`The offline model has no means to write what ${tests} ask for.`, [
      textOf(checks.value).slice(0, 2_000),
      `Writing code for tests needs a language model. ${advice}`,
    ]);
  }
  return complete(`${tests} pass on the tree as it is; nothing was written.`, {
    verified: ["run_checks reported that every required check passed."],
    assumptions: ["What the criteria ask for beyond these tests is there already."],
  });
}
