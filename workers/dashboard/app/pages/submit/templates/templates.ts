/** Orders to begin with. Each parses and passes the intake gate with its files; a test says so. */
import calculator from "../../../../../../examples/order-calculator.md?raw";
import pricing from "../../../../../../examples/order-pricing.md?raw";
import textTools from "../../../../../../examples/order-text-tools.md?raw";
import type { Draft } from "../draft/draft-store.ts";
import changeOrder from "./change-existing/order.md?raw";
import changeIndex from "./change-existing/src/index.ts.txt?raw";
import changeFee from "./change-existing/src/shipping-fee.ts.txt?raw";
import changeTest from "./change-existing/tests/shipping.test.ts.txt?raw";
import oneFunction from "./one-function.md?raw";
import personDecides from "./person-decides.md?raw";

export type Template = {
  readonly id: string;
  readonly title: string;
  /** What it is good for, in a sentence. */
  readonly use: string;
  readonly draft: Draft;
};

const alone = (id: string, title: string, use: string, text: string): Template => ({ id, title, use, draft: { text, files: [] } });

/** What a person may begin with; the simplest first. */
export const TEMPLATES: readonly Template[] = [
  alone("one-function", "One function", "A signature, a criterion and examples that decide it. The smallest order there is.", oneFunction),
  alone("text-tools", "A module of functions", "Six functions that build on one another, delivered behind one index. Nobody is asked.", textTools),
  {
    id: "change-existing",
    title: "Change existing code",
    use: "Starting code and its tests travel with the order; what has to stay is held by the tests.",
    draft: {
      text: changeOrder,
      files: [
        { path: "src/index.ts", content: changeIndex },
        { path: "src/shipping-fee.ts", content: changeFee },
        { path: "tests/shipping.test.ts", content: changeTest },
      ],
    },
  },
  alone("person-decides", "With human review", "The plan is approved before anything is built, and a person judges what no check can.", personDecides),
  alone("pricing", "Pricing", "Constraints, success metrics and a chain of amounts that can be checked by hand.", pricing),
  alone("calculator", "Types of your own", "Functions that take and return declared types, with examples over several lines.", calculator),
];
