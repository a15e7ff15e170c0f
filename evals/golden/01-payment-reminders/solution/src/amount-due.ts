import { lateFee } from "./late-fee.ts";

export function amountDue(amount: number, days: number): number {
  return amount + lateFee(amount, days);
}
