/** What may be wrong with the contracts of a work graph's functions. */
import { changed } from "./damage.ts";
import type { GraphOperator } from "./damage.ts";

/** Operators on contracts: another file, signature or parameter, or none. */
export const CONTRACT_OPERATORS: readonly GraphOperator[] = [
  {
    name: "move-contract",
    says: "a contract puts its function into another file",
    defects: (input) =>
      input.contracts.map(({ contractId, functionName }) => ({
        site: functionName,
        names: [contractId],
        damaged: {
          ...input,
          contracts: changed(
            input.contracts,
            (one) => one.contractId === contractId,
            (one) => ({ ...one, file: "src/somewhere-else.ts" }),
          ),
        },
      })),
  },
  {
    name: "change-signature",
    says: "a contract states another signature than the order",
    defects: (input) =>
      input.contracts.map(({ contractId, functionName }) => ({
        site: functionName,
        names: [contractId],
        damaged: {
          ...input,
          contracts: changed(
            input.contracts,
            (one) => one.contractId === contractId,
            (one) => ({ ...one, returnType: "unknown", statement: one.statement.replace(/: [^:]*$/, ": unknown") }),
          ),
        },
      })),
  },
  {
    name: "change-parameter",
    says: "a contract takes another parameter than the order",
    defects: (input) =>
      input.contracts
        .filter(({ params }) => params.length > 0)
        .map(({ contractId, functionName }) => ({
          site: functionName,
          names: [contractId],
          damaged: {
            ...input,
            contracts: changed(
              input.contracts,
              (one) => one.contractId === contractId,
              (one) => ({ ...one, params: one.params.map((param, at) => (at === 0 ? { ...param, optional: !param.optional } : param)) }),
            ),
          },
        })),
  },
  {
    name: "drop-contract",
    says: "a function has no contract",
    defects: (input) =>
      input.contracts.map(({ contractId, functionName }) => ({
        site: functionName,
        names: [contractId, functionName],
        damaged: { ...input, contracts: input.contracts.filter((one) => one.contractId !== contractId) },
      })),
  },
];
