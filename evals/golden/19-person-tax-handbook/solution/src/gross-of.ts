import { taxOn } from "./tax-on.ts";

export function grossOf(net: number, percent: number): number {
  return net + taxOn(net, percent);
}
