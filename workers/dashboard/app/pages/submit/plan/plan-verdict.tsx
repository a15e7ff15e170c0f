/** Where the plan ends, its figures, its gates, and where a person is asked. */
import type { PlannedGate, PlannedQuestion, SimulatedPlan } from "@factory/planning";
import { PLAN_MOMENTS, rangeText, reasonOfPlan } from "@factory/planning/words";
import { CircleAlert, CircleCheck, CircleHelp, CircleX, UserRound } from "lucide-react";
import type { ReactNode } from "react";
import { Badge } from "../../../ui/badge.tsx";
import { moneyText } from "../../../ui/figure-text.ts";
import { checksOf, lanesOf } from "./plan-view.ts";
import styles from "./plan-verdict.module.css";

export function PlanVerdict({ plan }: { readonly plan: SimulatedPlan }) {
  return (
    <>
      <Ending plan={plan} />
      <Figures plan={plan} />
      <div className={styles["columns"]}>
        <section aria-label="Gates">
          <h3>Gates</h3>
          <ul className={styles["gates"]}>
            {plan.gates.map((gate) => (
              <Gate key={gate.gate} gate={gate} />
            ))}
          </ul>
        </section>
        <section aria-label="Questions">
          <h3>A person is asked</h3>
          <Questions questions={plan.questions} isPlanned={plan.outcome === "planned"} />
        </section>
      </div>
    </>
  );
}

const ENDINGS = {
  planned: { icon: CircleCheck, text: "Every gate passes" },
  refused: { icon: CircleX, text: "A gate refuses it" },
  "needs-person": { icon: CircleHelp, text: "Planning stops until a person answers" },
  failed: { icon: CircleAlert, text: "A model gave no answer" },
} as const;

function Ending({ plan }: { readonly plan: SimulatedPlan }) {
  const { icon: Icon, text } = ENDINGS[plan.outcome];
  const reason = reasonOfPlan(plan);
  return (
    <div className={styles["ending"]} data-outcome={plan.outcome} role="status">
      <Icon size={18} aria-hidden />
      <div>
        <strong>{text}</strong>
        {reason === "" ? null : <p>{reason}</p>}
      </div>
    </div>
  );
}

function Figures({ plan: { estimate, atoms, claims } }: { readonly plan: SimulatedPlan }) {
  if (estimate === null) return null;
  const teams = lanesOf(atoms)
    .map(({ team, beads }) => `${beads} ${team}`)
    .join(", ");
  const judged = claims.filter(({ decidedBy }) => decidedBy !== "nobody" && decidedBy !== "untestable").length;
  const cost = estimate.costUsd === null ? "unknown" : rangeText(estimate.costUsd, moneyText);
  const costNote = estimate.costUsd === null ? `${estimate.unpriced.join(", ")} has no price` : "with the offline model";
  return (
    <dl className={styles["figures"]}>
      <Figure name="Claims" value={claims.length} note={`${judged} are judged`} />
      <Figure name="Beads" value={estimate.beads} note={teams} />
      <Figure name="Longest chain" value={estimate.longestChain} note="beads, one after the other" />
      <Figure name="Model calls" value={rangeText(estimate.modelCalls)} note="at least, at most" />
      <Figure name="Estimated cost" value={cost} note={costNote} />
      <Figure name="Duration" value="unknown" note="nothing was measured" />
    </dl>
  );
}

function Figure({ name, value, note }: { readonly name: string; readonly value: ReactNode; readonly note: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
      <dd className={styles["figureNote"]}>{note}</dd>
    </div>
  );
}

const TONES = { PASS: "good", FAIL: "bad", INCONCLUSIVE: "warn" } as const;
const OUTCOMES = { PASS: "passes", FAIL: "refuses", INCONCLUSIVE: "cannot tell" } as const;

function Gate({ gate: { gate, outcome, checked, notChecked, remediation } }: { readonly gate: PlannedGate }) {
  const { passed, made } = checksOf(checked);
  const tail = notChecked.length === 0 ? "" : `, ${notChecked.length} not checked`;
  return (
    <li>
      <span className={styles["gate"]}>
        <strong>{gate.replaceAll("-", " ")}</strong>
        <Badge tone={TONES[outcome]}>{OUTCOMES[outcome]}</Badge>
        <span>{`${passed} of ${made} checks${tail}`}</span>
      </span>
      {[...remediation, ...notChecked.map(({ check, reason }) => `Not checked: ${check}: ${reason}`)].map((text) => (
        <p key={text}>{text}</p>
      ))}
    </li>
  );
}

function Questions({ questions, isPlanned }: { readonly questions: readonly PlannedQuestion[]; readonly isPlanned: boolean }) {
  if (questions.length === 0) return <p className={styles["never"]}>{isPlanned ? "Never, as far as the order decides it." : "It does not come that far."}</p>;
  return (
    <ul className={styles["questions"]}>
      {questions.map(({ matter, state, certain, question }) => (
        <li key={`${matter} ${question}`}>
          <UserRound size={15} aria-hidden />
          <div>
            <span className={styles["when"]}>
              {certain ? "Always" : "Perhaps"}, {PLAN_MOMENTS[state]}
            </span>
            <p>{question}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}
