/**
 * Makes the isolate's world small and unchangeable before any code under test runs: globals that are not on the list are
 * removed, ways to code from strings and to the network are replaced by ones that report and throw, and every intrinsic
 * is frozen. The harness and the code under test share a realm; with frozen intrinsics neither sees a change the other made.
 *
 * @see https://github.com/endojs/endo/tree/master/packages/ses for the technique (enablements, repair, harden)
 */
import { KEPT_PLATFORM } from "./kept-platform.ts";
import { platform } from "./platform.ts";
import { blocked, globalsOfSession } from "./session.ts";

/** ECMAScript's globals that stay. `FinalizationRegistry` would call back in a later run, shared memory can block the thread. */
const KEPT_INTRINSICS =
  "Object Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp Error AggregateError EvalError " +
  "RangeError ReferenceError SyntaxError TypeError URIError SuppressedError globalThis JSON Math Intl ArrayBuffer Uint8Array Int8Array Uint16Array " +
  "Int16Array Uint32Array Int32Array BigUint64Array BigInt64Array Uint8ClampedArray Float32Array Float64Array Float16Array DataView Map BigInt Set " +
  "Iterator WeakMap WeakSet WeakRef Proxy Reflect DisposableStack AsyncDisposableStack decodeURI decodeURIComponent encodeURI encodeURIComponent " +
  "escape unescape isFinite isNaN";

/** Globals whose every use is reported as FORBIDDEN. */
const BLOCKED = ["eval", "Function", "fetch", "WebSocket", "EventSource", "XMLHttpRequest", "importScripts"];

/**
 * Prototypes on whose properties ordinary code assigns through an instance (`this.name = ...` in an error class). A frozen
 * data property would refuse that, so these become accessors that define the property on the instance.
 */
const OVERRIDABLE: readonly (readonly [prototype: object, names: readonly string[] | "all"])[] = [
  [Object.prototype, "all"],
  [Function.prototype, ["toString", "call", "apply", "bind"]],
  [Array.prototype, ["toString", "toLocaleString", "push", "concat"]],
  [Date.prototype, ["toString", "toJSON", "constructor"]],
  [RegExp.prototype, ["toString", "exec", "constructor"]],
  [Promise.prototype, ["then", "catch", "finally", "constructor"]],
  ...[Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(({ prototype }) => [prototype, "all"] as const),
];

/** Applies all of it. Called once, while the isolate starts. */
export function lockdown(): void {
  const prototypes = hiddenPrototypes();
  for (const prototype of prototypes) blockConstructor(prototype);
  replaceGlobals();
  for (const [prototype, names] of OVERRIDABLE) makeOverridable(prototype, names);
  freezeAll([globalThis, ...prototypes]);
}

/** Prototypes that only syntax reaches. */
function hiddenPrototypes(): object[] {
  const { getPrototypeOf } = Object;
  const samples = [
    () => undefined,
    async () => undefined,
    function* () {
      yield undefined;
    },
    async function* () {
      yield undefined;
    },
    [][Symbol.iterator](),
    ""[Symbol.iterator](),
    new Map()[Symbol.iterator](),
    new Set()[Symbol.iterator](),
    "".matchAll(/x/g),
    [][Symbol.iterator]().map((value) => value),
    Iterator.from({ next: () => ({ done: true, value: undefined }) }),
    new Intl.Segmenter().segment(""),
    new Intl.Segmenter().segment("")[Symbol.iterator](),
    new URLSearchParams().entries(),
  ];
  return samples.map((sample) => getPrototypeOf(sample) as object);
}

/** `(() => {}).constructor` and its kin must not lead to the real function constructors. */
function blockConstructor(prototype: object): void {
  const own = Object.getOwnPropertyDescriptor(prototype, "constructor");
  if (own === undefined || typeof own.value !== "function") return;
  const constructor: unknown = own.value;
  const makesCode = constructor === platform.Function || Object.getPrototypeOf(constructor) === platform.Function;
  if (makesCode) Object.defineProperty(prototype, "constructor", { ...own, value: blockedConstructor(prototype) });
}

const blockedConstructors = new Map<object, object>();

function blockedConstructor(prototype: object): object {
  const known = blockedConstructors.get(prototype);
  if (known !== undefined) return known;
  const stand = blocked("the Function constructor");
  // `x instanceof Function` goes on working.
  Object.defineProperty(stand, "prototype", { value: prototype, writable: false });
  blockedConstructors.set(prototype, stand);
  return stand;
}

function replaceGlobals(): void {
  const values: { [name: string]: unknown } = { ...globalsOfSession() };
  for (const name of BLOCKED) values[name] = name === "Function" ? blockedConstructor(platform.Function.prototype) : blocked(name);
  const kept = new Set([...KEPT_INTRINSICS.split(" "), ...KEPT_PLATFORM]);
  for (const name of KEPT_PLATFORM) values[name] = (globalThis as Record<string, unknown>)[name];
  for (let holder: object | null = globalThis; holder !== null && holder !== Object.prototype; holder = Object.getPrototypeOf(holder) as object | null) {
    for (const key of Object.getOwnPropertyNames(holder)) {
      if (kept.has(key) && holder === globalThis) continue;
      if (!Reflect.deleteProperty(holder, key)) throw new Error(`The global ${key} cannot be removed`);
    }
  }
  const { "Math.random": random, "Date.now": now, ...globals } = values;
  Object.defineProperty(Math, "random", { value: random, writable: false, configurable: false });
  globals["Date"] = dateWith(now as () => number);
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, writable: false, enumerable: false, configurable: false });
}

/** `Date` over the clock of the session of the moment; nothing else about it differs. */
function dateWith(now: () => number): object {
  const { Date: Plain, Reflect: reflect } = globalThis;
  const stand = function (...args: number[]): unknown {
    if (new.target === undefined) return new Plain(now()).toString();
    return reflect.construct(Plain, args.length === 0 ? [now()] : args, new.target);
  };
  const hidden = { writable: true, enumerable: false, configurable: true };
  Object.defineProperties(stand, {
    name: { value: Plain.name, configurable: true },
    length: { value: Plain.length, configurable: true },
    // `x instanceof Date` goes on working.
    prototype: { value: Plain.prototype, writable: false },
    now: { value: now, ...hidden },
    parse: { value: Plain.parse, ...hidden },
    UTC: { value: Plain.UTC, ...hidden },
  });
  Object.defineProperty(Plain.prototype, "constructor", { value: stand, ...hidden });
  return stand;
}

function makeOverridable(prototype: object, names: readonly string[] | "all"): void {
  for (const key of names === "all" ? Reflect.ownKeys(prototype) : names) {
    const own = Object.getOwnPropertyDescriptor(prototype, key);
    if (own === undefined || !("value" in own)) continue;
    const value: unknown = own.value;
    Object.defineProperty(prototype, key, {
      get: () => value,
      set(this: object, next: unknown) {
        if (this === prototype) throw new TypeError(`Cannot assign to read only property '${String(key)}' of a built-in`);
        define(this, key, { value: next, writable: true, enumerable: true, configurable: true });
      },
      enumerable: own.enumerable ?? false,
      configurable: false,
    });
  }
}

const define = Object.defineProperty;

/** Freezes everything reachable from the roots by properties and prototypes. */
function freezeAll(roots: readonly object[]): void {
  const seen = new Set<object>();
  const waiting: unknown[] = [...roots];
  for (let value = waiting.pop(); waiting.length > 0 || value !== undefined; value = waiting.pop()) {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) continue;
    seen.add(value);
    waiting.push(Object.getPrototypeOf(value));
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      if (property === undefined) continue;
      waiting.push(property.value, property.get, property.set);
    }
  }
  for (const value of seen) freeze(value);
}

function freeze(value: object): void {
  if (value !== Error) {
    Object.freeze(value);
    return;
  }
  // V8 takes stack traces only while `stackTraceLimit` is a plain data property, and the runner sets it around its own errors.
  for (const key of Reflect.ownKeys(Error)) if (key !== "stackTraceLimit") Object.defineProperty(Error, key, { writable: false, configurable: false });
  Object.preventExtensions(Error);
}
