/** What a check says in a few words. */
import { countText } from "../../../ui/figure-text.ts";
import type { OrderSummary } from "../order/order-check.ts";

/** What an order without faults holds: "7 criteria, 6 functions, 24 examples". */
export function summaryText({ criteria, functions, examples }: OrderSummary): string {
  return [countText(criteria, "criterion", "criteria"), countText(functions, "function"), countText(examples, "example")].join(", ");
}

/** What is said when the number of findings has changed. */
export function announcedText(faults: number, remarks: number): string {
  const said = faults === 0 ? "No faults" : countText(faults, "fault");
  return remarks === 0 ? said : `${said}, ${countText(remarks, "remark")}`;
}
