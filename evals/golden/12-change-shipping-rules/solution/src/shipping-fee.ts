/** What sending an order costs. */
export function shippingFee(total: number): number {
  return total >= 60 ? 0 : 5.9;
}
