/** Answers one question with everything the search has: the bank, deduction by type, conditionals. */
import { appended, composed, extreme, filtered, listed, mapped, ordered } from "./arrays.ts";
import { connected, equality } from "./booleans.ts";
import { answerTypes, chosen, conditionalConstants } from "./choices.ts";
import type { Context } from "./context.ts";
import { folds } from "./folds.ts";
import { better, constantTerm, meets, type Answer, type Effort, type Goal } from "./goals.ts";
import { affine, clamped, lastOperation, roundedOperation } from "./numbers.ts";
import { concatenated, joined, joinedByLength } from "./strings.ts";
import type { Term } from "./terms.ts";
import { keyOfColumn } from "./values.ts";

/** Rows a branch of a conditional needs before numbers are deduced for it: fewer fit almost anything. */
const MIN_NUMBER_ROWS = 2;

/** Deductions that look at every array in scope are made for the question itself, not for the questions inside it. */
const WIDE_DEPTH = 3;

type Known = { readonly answer: Term | undefined; readonly bound: number };

/** Asks and remembers: the same question at the same effort is answered once. */
export class Solver {
  readonly #memo = new Map<string, Known>();
  readonly #folds = new Map<string, Term[]>();

  /** The term of lowest rank that meets the goal within the effort. */
  *ask(context: Context, goal: Goal, effort: Effort): Answer {
    if (effort.bound <= 1 || goal.rows.length === 0 || context.shared.budget.exhausted) return undefined;
    const key = [context.scope, goal.type.key, goal.rows.join(","), keyOfColumn(goal.target, goal.rows), effort.level, effort.depth, effort.choices].join("~");
    const known = this.#memo.get(key);
    if (known !== undefined && (known.answer !== undefined || known.bound >= effort.bound)) {
      return known.answer !== undefined && known.answer.rank < effort.bound ? known.answer : undefined;
    }
    const answer = yield* this.#solve(context, goal, effort);
    this.#memo.set(key, { answer, bound: effort.bound });
    return answer;
  }

  *#solve(context: Context, goal: Goal, effort: Effort): Answer {
    let best = direct(context, goal, effort.bound);
    const narrow = (): Effort => ({ ...effort, bound: best?.rank ?? effort.bound });
    if (effort.depth > 0) best = better(best, yield* this.#deduce(context, goal, narrow()));
    if (effort.choices && goal.rows.length >= 2) {
      const leafEffort = { ...effort, depth: Math.min(1, effort.depth - 1), choices: false };
      best = better(best, yield* chosen(context, goal, narrow(), (part, bound) => this.ask(context, part, { ...leafEffort, bound })));
    }
    return best !== undefined && best.rank < effort.bound ? best : undefined;
  }

  *#deduce(context: Context, goal: Goal, effort: Effort): Answer {
    const ask = this.ask.bind(this);
    let best: Term | undefined;
    const narrow = (): Effort => ({ ...effort, bound: best?.rank ?? effort.bound });
    const { type } = goal;
    switch (type.kind) {
      case "number":
        return yield* this.#number(context, goal, effort);
      case "string":
        best = better(best, yield* concatenated(context, goal, narrow(), ask));
        best = better(best, yield* joined(context, goal, narrow(), ask));
        best = better(best, yield* joinedByLength(context, goal, narrow(), ask));
        return effort.depth < WIDE_DEPTH ? best : better(best, yield* extreme(context, goal, narrow()));
      case "boolean":
        best = better(best, yield* connected(context, goal, narrow()));
        return better(best, yield* equality(context, goal, narrow()));
      case "array":
        best = better(best, yield* mapped(context, goal, narrow(), ask));
        best = better(best, yield* filtered(context, goal, narrow(), ask));
        best = better(best, yield* ordered(context, goal, narrow()));
        best = better(best, yield* appended(context, goal, narrow()));
        return best ?? (yield* listed(context, goal, narrow(), ask));
      case "tuple":
        return yield* listed(context, goal, effort, ask);
      case "object":
        best = better(best, yield* composed(context, goal, narrow(), ask));
        return effort.depth < WIDE_DEPTH ? best : better(best, yield* extreme(context, goal, narrow()));
      case "optional": {
        const present = goal.rows.every((row) => goal.target[row] !== type.empty);
        return present ? yield* ask(context, { ...goal, type: type.inner }, effort) : undefined;
      }
      case "literal":
      case "record":
      case "regex":
      case "unknown":
        return undefined;
      default:
        return type satisfies never;
    }
  }

  *#number(context: Context, goal: Goal, effort: Effort): Answer {
    if (goal.rows.length < MIN_NUMBER_ROWS) return undefined;
    let best: Term | undefined;
    const narrow = (): Effort => ({ ...effort, bound: best?.rank ?? effort.bound });
    const extra = yield* this.#foldsOf(context, effort.level);
    best = better(
      best,
      extra.find((term) => meets(term, goal) && term.rank < effort.bound),
    );
    best = better(best, yield* affine(context, goal, narrow(), extra));
    // Two rows fit almost any operation of two terms.
    if (goal.rows.length > 2) {
      best = better(best, yield* lastOperation(context, goal, narrow(), extra));
      best = better(best, yield* roundedOperation(context, goal, narrow(), extra));
    }
    return better(best, yield* clamped(context, goal, narrow(), (part, partEffort) => this.ask(context, part, partEffort)));
  }

  *#foldsOf(context: Context, level: number): Generator<void, Term[]> {
    const key = `${context.scope}:${level}`;
    const known = this.#folds.get(key);
    if (known !== undefined) return known;
    const list = [...(yield* folds(context, level)), ...conditionalConstants(context)].sort((left, right) => left.rank - right.rank);
    this.#folds.set(key, list);
    return list;
  }
}

/** The bank's answer. */
function direct(context: Context, goal: Goal, bound: number): Term | undefined {
  let best: Term | undefined;
  for (const type of answerTypes(goal.type)) {
    context.shared.budget.spend(context.terms(type).length / 60);
    for (const term of context.terms(type)) {
      if (best !== undefined && term.cost > best.cost + 1) break;
      if (term.rank < (best?.rank ?? bound) && meets(term, goal)) best = term;
    }
  }
  const [row] = goal.rows;
  if (best === undefined && row !== undefined && goal.type.kind !== "number") {
    // A result that never changes is a constant program; numbers have theirs among the mined constants.
    const constant = constantTerm(context, goal.type, goal.target[row], CONSTANT_ANSWER_COST);
    if (goal.rows.length > 1 && constant.rank < bound && meets(constant, goal)) best = constant;
  }
  return best;
}

/** Cost of a result written out as a constant. */
const CONSTANT_ANSWER_COST = 3;
