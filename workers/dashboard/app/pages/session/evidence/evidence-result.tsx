/** How the check of a package ended, each step of it, and what the package says. */
import { Ban, Check, CircleDashed, Minus, ShieldAlert, ShieldCheck, ShieldQuestion, X, type LucideIcon } from "lucide-react";
import { Facts } from "../../../ui/facts.tsx";
import { durationText } from "../../../ui/figure-text.ts";
import { FailedState } from "../../../ui/states.tsx";
import type { EvidenceAnswer, EvidenceStep, StepState } from "./evidence-check.ts";
import styles from "./evidence-result.module.css";
import { PENDING_STEPS, STEP_TEXTS } from "./evidence-steps.ts";
import type { EvidenceCheck } from "./use-evidence-check.ts";

type ResultProps = { readonly check: EvidenceCheck; readonly packageDigest: string; readonly onRetry: () => void };

export function EvidenceResult({ check, packageDigest, onRetry }: ResultProps) {
  if (check.phase === "failed") return <FailedState title="The package could not be checked" message={check.message} onRetry={onRetry} />;
  const answer = check.phase === "answered" ? check.answer : null;
  const steps = answer?.kind === "checked" ? answer.steps : PENDING_STEPS;
  return (
    <div className={styles["result"]}>
      <Verdict check={check} packageDigest={packageDigest} />
      <ol className={styles["steps"]} aria-label="Checks, in order">
        {steps.map(({ check: name, state }) => (
          <Step key={name} check={name} state={state} isPending={answer === null} />
        ))}
      </ol>
      <div className={styles["facts"]}>
        <h3>What the package says</h3>
        {answer?.kind === "checked" && answer.facts !== null ? (
          <Facts facts={answer.facts} />
        ) : (
          <p className={styles["unsaid"]}>
            {answer === null ? "Shown once the signature holds." : "Not shown: without a signature that holds it is nobody's word."}
          </p>
        )}
      </div>
    </div>
  );
}

type VerdictLook = { readonly tone: string; readonly icon: LucideIcon; readonly title: string; readonly text: string };

function Verdict({ check, packageDigest }: { readonly check: EvidenceCheck; readonly packageDigest: string }) {
  const { tone, icon: Icon, title, text } = lookOf(check, packageDigest);
  return (
    <div className={styles["verdict"]} data-tone={tone} role="status">
      <Icon size={26} aria-hidden />
      <div>
        <h3>{title}</h3>
        <p>{text}</p>
      </div>
    </div>
  );
}

function lookOf(check: EvidenceCheck, packageDigest: string): VerdictLook {
  if (check.phase !== "answered")
    return { tone: "idle", icon: CircleDashed, title: "Verifying in this browser", text: check.phase === "checking" ? `${check.doing} …` : "" };
  const { answer } = check;
  if (answer.kind === "unchecked") return { tone: "warn", icon: ShieldQuestion, title: "Nothing was checked", text: answer.why };
  if (answer.digest !== packageDigest) {
    return {
      tone: "bad",
      icon: ShieldAlert,
      title: "This is another package",
      text: `The session's log names a package with digest ${packageDigest}; the one that was received has ${answer.digest}.`,
    };
  }
  return answer.holds ? holdsLook(answer, check.tookMs) : faultLook(answer);
}

type Checked = Extract<EvidenceAnswer, { kind: "checked" }>;

function holdsLook({ steps }: Checked, tookMs: number): VerdictLook {
  const held = steps.filter(({ state }) => state === "held").length;
  const open = steps.filter(({ state }) => state === "not compared").map(({ check }) => STEP_TEXTS[check].title.toLowerCase());
  const rest = open.length === 0 ? "nothing was left out" : `not compared: ${open.join(", ")}`;
  return { tone: "good", icon: ShieldCheck, title: "The package holds", text: `${held} checks held in ${durationText(tookMs)}; ${rest}.` };
}

function faultLook({ fault }: Checked): VerdictLook {
  const text = fault === null ? "What does not hold was not said." : `${fault.path}: expected ${fault.expected}, found ${fault.found}`;
  return { tone: "bad", icon: ShieldAlert, title: fault === null ? "The package does not hold" : `The ${fault.check} does not hold`, text };
}

const STEP_ICONS: { readonly [State in StepState]: LucideIcon } = { held: Check, failed: X, "not reached": Ban, "not compared": Minus };

function Step({ check, state, isPending }: EvidenceStep & { readonly isPending: boolean }) {
  const Icon = isPending ? CircleDashed : STEP_ICONS[state];
  const { title, text } = STEP_TEXTS[check];
  return (
    <li className={styles["step"]} data-state={isPending ? "pending" : state}>
      <Icon size={15} aria-hidden />
      <span className={styles["name"]}>{title}</span>
      <span className={styles["state"]}>{isPending ? "…" : state}</span>
      <span className={styles["about"]}>{text}</span>
    </li>
  );
}
