export { averageSpeed } from "./average-speed.ts";
export { consumptionLabel } from "./consumption-label.ts";
export { consumption } from "./consumption.ts";
export { fahrenheit } from "./fahrenheit.ts";
export { isThirsty } from "./is-thirsty.ts";
export { miles } from "./miles.ts";
