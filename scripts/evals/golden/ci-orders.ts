/** The orders that CI runs: each way an order can end, brownfield and greenfield, in well under two minutes. */
export const CI_ORDERS: readonly string[] = [
  "02-shared-expenses",
  "12-change-shipping-rules",
  "14-refactor-headings",
  "15-refactor-by-tests",
  "18-person-receipt-texts",
  "20-refused-untestable",
  "21-refused-contradictory",
];
