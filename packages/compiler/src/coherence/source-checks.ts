/** Checks of gate 1 against the source: the claims, examples and contracts are the order's, no more, no less and no other. */
import { canonicalJson, INDEX_FILE } from "@factory/schemas";
import type { Claim, Example } from "@factory/schemas";
import { grouped } from "../grouped.ts";
import { holdoutCount } from "../split.ts";
import { targetProblems } from "../targets.ts";
import { undeclaredTypesIn } from "../undeclared-types.ts";
import { quoted } from "./view.ts";
import type { CoherenceView, Finding } from "./view.ts";

const RECOMPILE = "Compile the order again.";

/** Every claim is a statement of the order, and every statement of the order is a claim. */
export function claimsNotOfOrder({ input, stated, claims }: CoherenceView): Finding[] {
  const expected = new Map(stated.map((claim) => [claim.claimId, claim]));
  return [
    ...(claims.size === input.claims.length ? [] : [`Two claims have the same number. ${RECOMPILE}`]),
    ...input.claims.flatMap((claim) => {
      const statement = expected.get(claim.claimId);
      return statement === undefined
        ? [`${claim.claimId} ${quoted(claim.text)} is nowhere in the order: it is invented. Remove it.`]
        : changesOf(claim, statement);
    }),
    ...stated
      .filter(({ claimId }) => !claims.has(claimId))
      .map(({ claimId, kind, line, text }) => `${claimId}, the ${kind} of line ${line} ${quoted(text)}, is no claim any more: it is dropped. ${RECOMPILE}`),
  ];
}

function changesOf(claim: Claim, statement: Claim): Finding[] {
  const { claimId, line } = statement;
  const told = (what: string, now: unknown, then: unknown): Finding[] =>
    canonicalJson(now ?? null) === canonicalJson(then ?? null)
      ? []
      : [`${claimId} has ${what} ${quoted(String(now))} where line ${line} of the order gives ${quoted(String(then))}. Keep what the order says.`];
  return [
    ...told("the text", claim.text, statement.text),
    ...told("the kind", claim.kind, statement.kind),
    ...told("the line", claim.line, statement.line),
    ...told("the function", claim.functionName, statement.functionName),
    ...told("the file", claim.file, statement.file),
    ...told("the tests", claim.testFiles, statement.testFiles),
  ];
}

/** Each claim has the order's examples, as they are written, on the side of the split that the order's digest decides. */
export function wrongExamples({ input, stated }: CoherenceView): Finding[] {
  const expected = new Map(stated.map((claim) => [claim.claimId, claim]));
  return input.claims.flatMap((claim) => {
    const statement = expected.get(claim.claimId);
    return [...splitProblems(claim), ...(statement === undefined ? [] : exampleChanges(claim, statement))];
  });
}

/** A hidden value is never in a finding: lines are all it tells. */
function exampleChanges(claim: Claim, statement: Claim): Finding[] {
  const { claimId } = claim;
  const now = byLine([...claim.visible, ...claim.holdout]);
  const then = byLine([...statement.visible, ...statement.holdout]);
  const hidden = new Set(statement.holdout.map(({ line }) => line));
  const shown = new Set(claim.visible.map(({ line }) => line));
  const concealed = new Set(claim.holdout.map(({ line }) => line));
  return [
    ...[...then.keys()].filter((line) => !now.has(line)).map((line) => `${claimId} has lost the example of line ${line}. ${RECOMPILE}`),
    ...[...now].flatMap(([line, example]) => {
      const original = then.get(line);
      if (original === undefined) return [`${claimId} has an example of line ${line} that the order does not give it. Remove it.`];
      return canonicalJson(example) === canonicalJson(original) ? [] : [`${claimId} has another example of line ${line} than the order. ${RECOMPILE}`];
    }),
    ...[...shown]
      .filter((line) => hidden.has(line) && !concealed.has(line))
      .map((line) => `${claimId} shows its hidden example of line ${line}. Hide it again.`),
    ...[...concealed].filter((line) => then.has(line) && !hidden.has(line)).map((line) => `${claimId} hides its visible example of line ${line}. Show it.`),
  ];
}

function byLine(examples: readonly Example[]): Map<number, Example> {
  return new Map(examples.map((example) => [example.line, example]));
}

/** What is wrong with a claim's split by itself. */
export function splitProblems({ claimId, visible, holdout }: Claim): Finding[] {
  const count = visible.length + holdout.length;
  const shown = new Set(visible.map(({ line }) => line));
  const both = holdout.filter(({ line }) => shown.has(line));
  return [
    ...(both.length === 0 ? [] : [`${claimId} shows its hidden example of line ${both.map(({ line }) => line).join(", ")}. Split its examples again.`]),
    ...(holdout.length <= holdoutCount(count)
      ? []
      : [`${claimId} hides ${holdout.length} of ${count} examples, more than ${holdoutCount(count)}. Split its examples again.`]),
  ];
}

/** Each function has one contract, which says what its block says, and the atom that keeps it. */
export function wrongContracts(view: CoherenceView): Finding[] {
  const { input, targets } = view;
  const byFunction = new Map(input.order.functions.map((block) => [block.name, block]));
  const known = new Map(input.contracts.map((contract) => [contract.contractId, contract]));
  const first = new Map(input.contracts.toReversed().map((contract) => [contract.functionName, contract]));
  return [
    ...input.order.functions.filter(({ name }) => !first.has(name)).map(({ name, line }) => `${name} (line ${line}) has no contract. ${RECOMPILE}`),
    ...input.contracts.flatMap((contract) => {
      const { contractId, functionName, statement, file, params, returnType } = contract;
      const block = byFunction.get(functionName);
      if (block === undefined) return [`${contractId} is for ${functionName}, which has no function block. Remove it.`];
      const twin = first.get(functionName);
      return [
        ...(twin === undefined || twin === contract ? [] : [`${contractId} and ${twin.contractId} are both for ${functionName}. Remove one of them.`]),
        ...(statement === block.signature && canonicalJson([params, returnType]) === canonicalJson([block.params, block.returnType])
          ? []
          : [`${contractId} states ${quoted(statement)} where line ${block.line} of the order states ${quoted(block.signature)}. Keep the order's signature.`]),
        ...(file === targets.get(functionName)?.file
          ? []
          : [`${contractId} puts ${functionName} into ${file}; it goes to ${targets.get(functionName)?.file ?? INDEX_FILE}. ${RECOMPILE}`]),
      ];
    }),
    ...input.atoms.flatMap(({ atomId, functionName, contractId }) => {
      if (contractId !== undefined && !known.has(contractId)) return [`${view.named(atomId)} has to keep ${contractId}, which is no contract. ${RECOMPILE}`];
      if (functionName !== undefined && (contractId === undefined || known.get(contractId)?.functionName !== functionName))
        return [`${view.named(atomId)} does not keep the contract of ${functionName}. ${RECOMPILE}`];
      return [];
    }),
  ];
}

/** Every type that a signature names is declared: by the order, the language or the attached code. */
export function undeclared({ input, targets, base }: CoherenceView): Finding[] {
  return undeclaredTypesIn(input.order, targets, base).map(
    ({ block, type }) =>
      `Line ${block.line}: \`${block.name}\` uses the type \`${type}\`, which neither the order nor the attached code declares. ` +
      `Add \`type ${type} = ...\` to a \`ts\` fence, export it from an attached file, or attach the file that declares it.`,
  );
}

/** Every function has a file it can go to, and one atom that writes it there. */
export function wrongTargets(view: CoherenceView): Finding[] {
  const { input, base, targets } = view;
  const writersOf = grouped(input.atoms, ({ functionName }) => functionName);
  return [
    ...targetProblems(input.order, base).map(({ functionName, reason }) => `${functionName}: ${reason}`),
    ...input.order.functions.flatMap(({ name, line }) => {
      const writers = writersOf.get(name) ?? [];
      const [writer, ...more] = writers;
      if (writer === undefined) return [`${name} (line ${line}) is written by no atom. ${RECOMPILE}`];
      const target = targets.get(name);
      return [
        ...(more.length === 0 ? [] : [`${writers.map(({ atomId }) => atomId).join(" and ")} each write ${name}. Remove all but one.`]),
        ...(writer.mode === target?.mode
          ? []
          : [`${view.named(writer.atomId)} is to ${writer.mode ?? "write"} ${target?.file ?? name}; it has to ${target?.mode ?? "create"} it. ${RECOMPILE}`]),
      ];
    }),
    ...input.atoms
      .filter(({ functionName }) => functionName !== undefined && !targets.has(functionName))
      .map(({ atomId, functionName }) => `${view.named(atomId)} writes ${functionName ?? ""}, which has no function block. Remove it.`),
  ];
}
