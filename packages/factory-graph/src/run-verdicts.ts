/**
 * What is changed after a run verdict that failed although every molecule had passed. The platform may drop only what it
 * added to the judgement itself: what the order states is a person's to change.
 */
import type { StoredNode } from "@factory/schemas/rpc";
import type { AmendmentChange } from "./changes.ts";
import { failed, passed } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { checksOf } from "./hypothesis-rules.ts";
import type { Hypothesis } from "./hypothesis-rules.ts";

/** Amendments of one run verdict without a person; see `domain.md` 9 and the decisions on run verdicts. */
export const MAX_RUN_VERDICT_RETRIES = 2;

/** Kinds of checks that the compiler adds of its own; every other kind follows from a claim or from the starting tree. */
const PLATFORM_KINDS: ReadonlySet<string> = new Set(["file-exists"]);

type Trace = { readonly [key: string]: unknown };
type TracedCheck = ReturnType<typeof checksOf>[number];

/** What the cause of a failed run verdict changes; null when nobody but a person may change it. */
export function runVerdictChange({ runVerdict, instruction }: Hypothesis, claimId: string, trace: Trace): AmendmentChange | null {
  const failing = visibleFailures(trace);
  switch (runVerdict) {
    case "criterion": {
      const checks = commandsOf(failing.filter(isPlatforms));
      return checks.length === 0 ? null : { mode: "rejudge", claimId, revealedLines: [], note: "", checks };
    }
    case "integration":
      return { mode: "integrate", claimId, revealedLines: [], note: instruction, checks: commandsOf(failing) };
    case "specification":
    case undefined:
      return null;
    default:
      return runVerdict satisfies never;
  }
}

/** What is dropped did fail, decides no claim, and is all that failed: the rest of the judgement stands as it is. */
export function rejudgeFindings({ data }: Pick<StoredNode, "data">, checks: readonly string[]): { readonly check: string; readonly finding: Finding }[] {
  const failing = visibleFailures(data);
  const own = new Set(commandsOf(failing.filter(isPlatforms)));
  const strange = checks.filter((command) => !own.has(command));
  const dropped = new Set(checks);
  const left = failing.filter(({ command }) => command === undefined || !dropped.has(command));
  return [
    {
      check: "nothing-stated-dropped",
      finding:
        checks.length > 0 && strange.length === 0
          ? passed("No claim asks for what is dropped.")
          : failed(`${strange.join(", ") || "nothing"} is no failed check of the platform's own`),
    },
    {
      check: "rest-holds",
      finding: left.length === 0 ? passed("Everything else that was checked holds.") : failed(`${commandsOf(left).join(", ") || "another check"} fails too`),
    },
  ];
}

function visibleFailures(trace: Trace): TracedCheck[] {
  return checksOf(trace).filter(({ ok, holdout }) => !ok && !holdout);
}

function isPlatforms({ claimId, kind }: TracedCheck): boolean {
  return claimId === undefined && PLATFORM_KINDS.has(kind);
}

function commandsOf(checks: readonly TracedCheck[]): string[] {
  return [...new Set(checks.flatMap(({ command }) => command ?? []))];
}
