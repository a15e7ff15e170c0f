/** Defects of compiled work graphs: what a compiler, an amendment or a hand may get wrong between the order and gate 1. */
import { ATOM_OPERATORS } from "./atoms.ts";
import { CLAIM_OPERATORS } from "./claims.ts";
import { CONTRACT_OPERATORS } from "./contracts.ts";
import type { GraphOperator } from "./damage.ts";
import { EXAMPLE_OPERATORS } from "./examples.ts";
import { INVARIANT_OPERATORS } from "./invariants.ts";
import { SHAPE_OPERATORS } from "./shape.ts";
import { VALIDATION_OPERATORS } from "./validations.ts";

/** Every operator on compiled work graphs. */
export function graphOperators(): readonly GraphOperator[] {
  return [
    ...CLAIM_OPERATORS,
    ...EXAMPLE_OPERATORS,
    ...INVARIANT_OPERATORS,
    ...VALIDATION_OPERATORS,
    ...ATOM_OPERATORS,
    ...SHAPE_OPERATORS,
    ...CONTRACT_OPERATORS,
  ];
}
