export { nightBonus } from "./night-bonus.ts";
export { overtimeExtra } from "./overtime-extra.ts";
export { overtimeHours } from "./overtime-hours.ts";
export { shiftPay } from "./shift-pay.ts";
export { slipLine } from "./slip-line.ts";
export { weekHours } from "./week-hours.ts";
export { workedHours } from "./worked-hours.ts";
