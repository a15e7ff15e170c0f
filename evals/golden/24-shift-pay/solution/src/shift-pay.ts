import { overtimeExtra } from "./overtime-extra.ts";

export function shiftPay(hours: number, rate: number): number {
  return hours * rate + overtimeExtra(hours, rate);
}
