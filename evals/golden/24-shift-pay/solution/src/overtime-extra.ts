import { overtimeHours } from "./overtime-hours.ts";

export function overtimeExtra(hours: number, rate: number): number {
  return (overtimeHours(hours) * rate) / 2;
}
