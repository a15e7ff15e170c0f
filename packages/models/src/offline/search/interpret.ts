/**
 * Reads back and runs a subset of TypeScript: one exported function made of constants, conditions, errors and pure
 * expressions, which is what the search writes. Nothing is evaluated by the engine itself, so this also works where
 * code generation is forbidden, and nothing outside a fixed list of pure operations can be reached.
 */
import {
  parse,
  type AnyNode,
  type ArrowFunctionExpression,
  type BlockStatement,
  type CallExpression,
  type Expression,
  type FunctionDeclaration,
  type MemberExpression,
  type SpreadElement,
  type Statement,
} from "acorn";
import { ERRORS, guarded, invoke, methodsOf, readProperty, STATIC } from "./permitted.ts";
import { withoutTypes } from "./signature-types.ts";

/** A function that can be called; it throws what the function throws. */
export type Callable = (...args: readonly unknown[]) => unknown;

/** A function that was read. */
export type ParsedFunction = {
  readonly name: string;
  /** Names the file imports; `link` needs them. */
  readonly imports: readonly string[];
  /**
   * Makes it callable.
   *
   * @throws SyntaxError when the body uses a name that is neither its own nor linked
   */
  readonly link: (imported: { readonly [name: string]: Callable }) => Callable;
};

type Env = ReadonlyMap<string, unknown>;
type Run = (env: Map<string, unknown>) => unknown;

class Return {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

/** Reads the one exported function of a file, or undefined when the file is not of the subset. */
export function parseFunction(source: string): ParsedFunction | undefined {
  try {
    return read(source);
  } catch (err) {
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
}

function read(source: string): ParsedFunction {
  const program = parse(withoutTypes(source), { ecmaVersion: 2024, sourceType: "module" });
  const imports: string[] = [];
  let declared: FunctionDeclaration | undefined;
  for (const item of program.body) {
    if (item.type === "ImportDeclaration") {
      for (const specifier of item.specifiers) {
        if (specifier.type !== "ImportSpecifier") throw new SyntaxError("Only named imports are read.");
        imports.push(specifier.local.name);
      }
    } else if (item.type === "ExportNamedDeclaration" && item.declaration?.type === "FunctionDeclaration" && declared === undefined) {
      declared = item.declaration;
    } else throw new SyntaxError("Only imports and one exported function are read.");
  }
  if (declared === undefined) throw new SyntaxError("The file exports no function.");
  const fn = declared;
  if (fn.async || fn.generator) throw new SyntaxError("The function is not a plain one.");
  const params = fn.params.map((param) => nameOf(param));
  // Compiled once with empty imports, so that an unreadable body is known before it is needed.
  const build = (known: readonly string[]): Run => block(fn.body, new Set([...known, ...params]));
  build(imports);
  return {
    name: fn.id.name,
    imports,
    link: (imported) => {
      const body = build(Object.keys(imported));
      return (...args) => {
        const env = new Map<string, unknown>(Object.entries(imported));
        for (const [at, name] of params.entries()) env.set(name, args[at]);
        const result = body(env);
        return result instanceof Return ? result.value : undefined;
      };
    },
  };
}

function nameOf(node: AnyNode): string {
  if (node.type !== "Identifier") throw new SyntaxError("Only plain names are read.");
  return node.name;
}

function block(node: BlockStatement, known: ReadonlySet<string>): Run {
  const names = new Set(known);
  const steps = node.body.map((item) => statement(item, names));
  return (env) => {
    for (const step of steps) {
      const result = step(env);
      if (result instanceof Return) return result;
    }
    return undefined;
  };
}

function statement(node: Statement, names: Set<string>): Run {
  switch (node.type) {
    case "ReturnStatement": {
      const { argument } = node;
      if (argument === null || argument === undefined) return () => new Return(undefined);
      const value = expression(argument, names);
      return (env) => new Return(value(env));
    }
    case "IfStatement": {
      const test = expression(node.test, names);
      const then = statement(node.consequent, new Set(names));
      const otherwise = node.alternate === null || node.alternate === undefined ? undefined : statement(node.alternate, new Set(names));
      return (env) => (test(env) ? then(env) : otherwise?.(env));
    }
    case "ThrowStatement": {
      const value = expression(node.argument, names);
      return (env) => {
        throw value(env);
      };
    }
    case "BlockStatement":
      return block(node, names);
    case "VariableDeclaration": {
      if (node.kind !== "const") throw new SyntaxError("Only constants are read.");
      const steps = node.declarations.map((item) => {
        const name = nameOf(item.id);
        if (item.init === null || item.init === undefined) throw new SyntaxError("A constant needs a value.");
        const value = expression(item.init, names);
        names.add(name);
        return { name, value };
      });
      return (env) => {
        for (const { name, value } of steps) env.set(name, value(env));
        return undefined;
      };
    }
    default:
      throw new SyntaxError(`${node.type} is not read.`);
  }
}

function expression(node: Expression, names: ReadonlySet<string>): Run {
  switch (node.type) {
    case "Literal": {
      if (node.regex !== undefined && node.regex !== null) {
        const { pattern, flags } = node.regex;
        return () => new RegExp(pattern, flags);
      }
      const { value } = node;
      return () => value;
    }
    case "Identifier":
      return identifier(node.name, names);
    case "ParenthesizedExpression":
      return expression(node.expression, names);
    case "TemplateLiteral": {
      const texts = node.quasis.map((part) => part.value.cooked ?? "");
      const values = node.expressions.map((part) => expression(part, names));
      return (env) => texts.reduce((text, part, at) => `${text}${part}${at < values.length ? String(values[at]?.(env)) : ""}`, "");
    }
    case "UnaryExpression":
      return unary(node.operator, expression(node.argument, names));
    case "BinaryExpression": {
      if (node.left.type === "PrivateIdentifier") throw new SyntaxError("Private names are not read.");
      return binary(node.operator, expression(node.left, names), expression(node.right, names));
    }
    case "LogicalExpression":
      return logical(node.operator, expression(node.left, names), expression(node.right, names));
    case "ConditionalExpression": {
      const [test, then, otherwise] = [node.test, node.consequent, node.alternate].map((part) => expression(part, names));
      return (env) => (test?.(env) ? then?.(env) : otherwise?.(env));
    }
    case "ArrayExpression": {
      const items = list(node.elements, names);
      return (env) => items(env);
    }
    case "ObjectExpression":
      return object(node.properties, names);
    case "ArrowFunctionExpression":
      return arrow(node, names);
    case "MemberExpression":
      return memberRead(node, names);
    case "CallExpression":
      return callOf(node, names);
    case "NewExpression":
      return construct(node.callee, list(node.arguments, names));
    default:
      throw new SyntaxError(`${node.type} is not read.`);
  }
}

function identifier(name: string, names: ReadonlySet<string>): Run {
  if (names.has(name)) return (env: Env) => env.get(name);
  if (name === "undefined") return () => undefined;
  if (name === "String") return () => String;
  if (name === "Number") return () => Number;
  if (name === "Boolean") return () => Boolean;
  throw new SyntaxError(`The name ${name} is not known.`);
}

function unary(operator: string, value: Run): Run {
  switch (operator) {
    case "!":
      return (env) => !value(env);
    case "-":
      return (env) => -Number(value(env));
    case "+":
      return (env) => Number(value(env));
    default:
      throw new SyntaxError(`The operator ${operator} is not read.`);
  }
}

/** Operands as the engine would have them; the operators below are the engine's own. */
type Operand = never;

const BINARY: { readonly [operator: string]: (a: Operand, b: Operand) => unknown } = {
  "+": (a: number, b: number) => a + b,
  "-": (a: number, b: number) => a - b,
  "*": (a: number, b: number) => a * b,
  "/": (a: number, b: number) => a / b,
  "%": (a: number, b: number) => a % b,
  "**": (a: number, b: number) => a ** b,
  "<": (a: number, b: number) => a < b,
  "<=": (a: number, b: number) => a <= b,
  ">": (a: number, b: number) => a > b,
  ">=": (a: number, b: number) => a >= b,
  "===": (a: unknown, b: unknown) => a === b,
  "!==": (a: unknown, b: unknown) => a !== b,
};

function binary(operator: string, left: Run, right: Run): Run {
  // The operators accept any operand at run time, like the engine's; the declared types only choose the overload.
  const apply = BINARY[operator] as ((a: unknown, b: unknown) => unknown) | undefined;
  if (apply === undefined) throw new SyntaxError(`The operator ${operator} is not read.`);
  return (env) => apply(left(env), right(env));
}

function logical(operator: string, left: Run, right: Run): Run {
  switch (operator) {
    case "&&":
      return (env) => left(env) && right(env);
    case "||":
      return (env) => left(env) || right(env);
    default:
      return (env) => left(env) ?? right(env);
  }
}

function list(nodes: readonly (Expression | SpreadElement | null)[], names: ReadonlySet<string>): (env: Map<string, unknown>) => unknown[] {
  const items = nodes.map((node) => {
    if (node === null) throw new SyntaxError("Holes are not read.");
    return node.type === "SpreadElement" ? { spread: true, value: expression(node.argument, names) } : { spread: false, value: expression(node, names) };
  });
  return (env) => {
    const values: unknown[] = [];
    for (const { spread, value } of items) {
      const item = value(env);
      if (!spread) values.push(item);
      else if (Array.isArray(item) || item instanceof Set || typeof item === "string") values.push(...item);
      else throw new TypeError("The value is not iterable.");
    }
    return values;
  };
}

function object(properties: Extract<Expression, { type: "ObjectExpression" }>["properties"], names: ReadonlySet<string>): Run {
  const fields = properties.map((property) => {
    if (property.type !== "Property" || property.computed || property.kind !== "init" || property.method) throw new SyntaxError("Only plain fields are read.");
    const name = property.key.type === "Identifier" ? property.key.name : property.key.type === "Literal" ? String(property.key.value) : undefined;
    if (name === undefined || name === "__proto__") throw new SyntaxError("Only plain fields are read.");
    return { name, value: expression(property.value, names) };
  });
  return (env) => Object.fromEntries(fields.map(({ name, value }) => [name, value(env)]));
}

function arrow(node: ArrowFunctionExpression, names: ReadonlySet<string>): Run {
  if (node.async) throw new SyntaxError("Asynchronous functions are not read.");
  const params = node.params.map((param) => nameOf(param));
  const inner = new Set([...names, ...params]);
  const body = node.body.type === "BlockStatement" ? block(node.body, inner) : expression(node.body, inner);
  return (env) =>
    (...args: readonly unknown[]) => {
      const local = new Map(env);
      for (const [at, name] of params.entries()) local.set(name, args[at]);
      const result = body(local);
      return result instanceof Return ? result.value : result;
    };
}

function memberRead(node: MemberExpression, names: ReadonlySet<string>): Run {
  if (node.object.type === "Super" || node.property.type === "PrivateIdentifier") throw new SyntaxError("The member is not read.");
  if (node.optional) throw new SyntaxError("Optional members are not read.");
  const holder = expression(node.object, names);
  if (node.computed) {
    const key = expression(node.property, names);
    return (env) => readProperty(holder(env), key(env));
  }
  const name = nameOf(node.property);
  return (env) => readProperty(holder(env), name);
}

function callOf(node: CallExpression, names: ReadonlySet<string>): Run {
  if (node.optional || node.callee.type === "Super") throw new SyntaxError("The call is not read.");
  const args = list(node.arguments, names);
  const { callee } = node;
  if (callee.type !== "MemberExpression") {
    const target = expression(callee, names);
    return (env) => invoke(target(env), undefined, args(env));
  }
  if (callee.computed || callee.object.type === "Super") throw new SyntaxError("The call is not read.");
  const name = nameOf(callee.property);
  const holder = callee.object.type === "Identifier" && !names.has(callee.object.name) ? STATIC[callee.object.name] : undefined;
  if (holder !== undefined) {
    if (!holder.methods.has(name)) throw new SyntaxError(`${name} is not read.`);
    return (env) => guarded(name, undefined, args(env), (list) => invoke(holder.of[name], holder.of, list));
  }
  const receiver = expression(callee.object, names);
  return (env) => {
    const value = receiver(env);
    if (!methodsOf(value).has(name)) throw new TypeError(`${name} is not a function.`);
    const held = (Object(value) as { readonly [name: string]: unknown })[name];
    return guarded(name, value, args(env), (list) => invoke(held, value, list));
  };
}

function construct(callee: Expression | { readonly type: "Super" }, args: (env: Map<string, unknown>) => unknown[]): Run {
  const name = callee.type === "Identifier" ? callee.name : "";
  if (name === "Set") {
    return (env) => {
      const [items] = args(env);
      return new Set(Array.isArray(items) || typeof items === "string" ? items : []);
    };
  }
  const Class = ERRORS[name];
  if (Class === undefined) throw new SyntaxError(`new ${name} is not read.`);
  return (env) => {
    const [message] = args(env);
    return new Class(typeof message === "string" ? message : "");
  };
}
