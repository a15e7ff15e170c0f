/**
 * The metering pass: JavaScript in, the same JavaScript out with a fuel check at every loop iteration and every entry
 * of code that a caller can reach again. What has no loop and calls nothing ends by itself, so a program that keeps
 * hitting a check that throws ends as well, whatever it catches.
 *
 * Insertions hold no line break: lines of the metered text are lines of the input.
 */
import type * as acorn from "acorn";
import { ancestor, full, type AncestorVisitors } from "acorn-walk";
import { MagicString } from "magic-string";
import { MAX_CALL_DEPTH } from "./call-depth.ts";

/** A name for the meter that no identifier of the program has. */
export function meterName(program: acorn.Program): string {
  const taken = new Set<string>();
  full(program, (node) => {
    if (node.type === "Identifier") taken.add(node.name);
  });
  for (let count = 0; ; count += 1) {
    const name = `$m${count === 0 ? "" : count}`;
    if (!taken.has(name)) return name;
  }
}

/**
 * Inserts the checks.
 *
 * @param code the text that `program` was parsed from, with `preserveParens`.
 * @param meter identifier of the `Meter` in scope of the code.
 */
export function insertMeter(code: string, program: acorn.Program, meter: string): string {
  const text = new MagicString(code);
  const marks: Marks = {
    text,
    fuel: `if(--${meter}.f<0)${meter}.x();`,
    fuelValue: `(--${meter}.f<0&&${meter}.x(),`,
    enter: `if(--${meter}.f<0||++${meter}.d>${MAX_CALL_DEPTH})${meter}.x();try{`,
    leave: `}finally{${meter}.d--}`,
  };
  const loop = (node: acorn.Node): void => meterLoop(marks, node as acorn.WhileStatement);
  const callable = (node: acorn.Node): void => meterFunction(marks, node as AnyFunction);
  const visitors = {
    ForStatement: loop,
    ForInStatement: loop,
    ForOfStatement: loop,
    WhileStatement: loop,
    DoWhileStatement: loop,
    Function: callable,
    StaticBlock: (node: acorn.Node) => {
      marks.text.appendLeft(code.indexOf("{", node.start) + 1, marks.fuel);
    },
    PropertyDefinition: (node: acorn.Node) => meterField(marks, node as acorn.PropertyDefinition),
  } as AncestorVisitors<unknown>;
  preOrder(program, visitors);
  return text.toString();
}

type AnyFunction = acorn.FunctionDeclaration | acorn.FunctionExpression | acorn.ArrowFunctionExpression;
type Marks = { readonly text: MagicString; readonly fuel: string; readonly fuelValue: string; readonly enter: string; readonly leave: string };

/**
 * Visits outer nodes before inner ones: the order of openers and closers at one index depends on it. `ancestor` calls
 * back after the children, so the calls are kept and replayed sorted by where the nodes begin, longer ones first.
 */
function preOrder(program: acorn.Program, visitors: AncestorVisitors<unknown>): void {
  const calls: { node: acorn.Node; visit: (node: acorn.Node) => void }[] = [];
  const recording: { [type: string]: (node: acorn.Node) => void } = {};
  for (const [type, visit] of Object.entries(visitors)) {
    recording[type] = (node) => {
      calls.push({ node, visit: visit as (node: acorn.Node) => void });
    };
  }
  ancestor(program, recording as AncestorVisitors<unknown>);
  calls.sort((a, b) => a.node.start - b.node.start || b.node.end - a.node.end);
  for (const { node, visit } of calls) visit(node);
}

function openBlock({ text }: Marks, block: acorn.Node, opener: string): void {
  text.appendLeft(block.start + 1, opener);
}

function wrap({ text }: Marks, node: acorn.Node, opener: string, closer: string): void {
  text.appendRight(node.start, opener);
  text.prependLeft(node.end, closer);
}

function meterLoop(marks: Marks, { body }: acorn.WhileStatement): void {
  if (body.type === "BlockStatement") openBlock(marks, body, marks.fuel);
  else wrap(marks, body, `{${marks.fuel}`, "}");
}

function meterFunction(marks: Marks, node: AnyFunction): void {
  const { body } = node;
  // A generator or an async function leaves its frame before it ends, so its depth cannot be counted by a `finally`.
  const counted = !node.async && !node.generator;
  if (body.type !== "BlockStatement") {
    if (counted) wrap(marks, body, `{${marks.enter}return (`, `)${marks.leave}}`);
    else wrap(marks, body, marks.fuelValue, ")");
  } else if (counted && !hoistsTwice(body)) {
    openBlock(marks, body, marks.enter);
    marks.text.prependRight(body.end - 1, marks.leave);
  } else {
    openBlock(marks, body, marks.fuel);
  }
}

/** A field's value runs at every construction, also where no constructor is written. */
function meterField(marks: Marks, { value }: acorn.PropertyDefinition): void {
  // A function or class takes its name from the field only when it stands there bare; making one costs nothing.
  if (value === null || value === undefined || isAnonymousDefinition(value)) return;
  wrap(marks, value, marks.fuelValue, ")");
}

function isAnonymousDefinition(node: acorn.Expression): boolean {
  if (node.type === "ParenthesizedExpression") return isAnonymousDefinition(node.expression);
  return node.type === "ArrowFunctionExpression" || node.type === "FunctionExpression" || node.type === "ClassExpression";
}

/**
 * True where a function's own body declares a function under a name it declares once more. That is legal at the top of
 * a body and an error in the block that counting would put around it.
 */
function hoistsTwice(body: acorn.BlockStatement): boolean {
  const functions = new Set<string>();
  for (const statement of body.body) {
    if (statement.type !== "FunctionDeclaration") continue;
    const { name } = statement.id;
    if (functions.has(name)) return true;
    functions.add(name);
  }
  if (functions.size === 0) return false;
  let twice = false;
  ancestor(body, {
    VariableDeclaration(node, _state, ancestors) {
      const inner = ancestors.slice(1, -1).some((outer) => /Function/.test(outer.type) || outer.type === "StaticBlock");
      if (inner || node.kind !== "var") return;
      for (const declarator of node.declarations) for (const name of boundNames(declarator.id)) twice ||= functions.has(name);
    },
  });
  return twice;
}

function boundNames(pattern: acorn.Pattern): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((property) => boundNames(property.type === "RestElement" ? property.argument : property.value));
    case "ArrayPattern":
      return pattern.elements.flatMap((element) => (element === null ? [] : boundNames(element)));
    case "RestElement":
      return boundNames(pattern.argument);
    case "AssignmentPattern":
      return boundNames(pattern.left);
    case "MemberExpression":
      return [];
    default: {
      const unknown: never = pattern;
      throw new Error(`Unknown pattern ${JSON.stringify(unknown)}`);
    }
  }
}
