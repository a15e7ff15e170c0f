/** Linear's filters on plain objects. A comparator that the stand-in does not know is an error: it never lets everything pass. */
import { LinearError } from "./linear-error.ts";

type Filter = { readonly [name: string]: unknown };

const isObject = (value: unknown): value is Filter => typeof value === "object" && value !== null && !Array.isArray(value);

const lower = (value: unknown): string => String(value).toLowerCase();
const ordered = (value: unknown): number | string => (typeof value === "number" ? value : String(value));

/** Each comparator on a value that is there. */
const COMPARATORS: { readonly [name: string]: (value: unknown, wanted: unknown) => boolean } = {
  eq: (value, wanted) => value === wanted,
  neq: (value, wanted) => value !== wanted,
  in: (value, wanted) => Array.isArray(wanted) && wanted.includes(value),
  nin: (value, wanted) => Array.isArray(wanted) && !wanted.includes(value),
  lt: (value, wanted) => ordered(value) < ordered(wanted),
  lte: (value, wanted) => ordered(value) <= ordered(wanted),
  gt: (value, wanted) => ordered(value) > ordered(wanted),
  gte: (value, wanted) => ordered(value) >= ordered(wanted),
  eqIgnoreCase: (value, wanted) => lower(value) === lower(wanted),
  neqIgnoreCase: (value, wanted) => lower(value) !== lower(wanted),
  contains: (value, wanted) => String(value).includes(String(wanted)),
  notContains: (value, wanted) => !String(value).includes(String(wanted)),
  containsIgnoreCase: (value, wanted) => lower(value).includes(lower(wanted)),
  notContainsIgnoreCase: (value, wanted) => !lower(value).includes(lower(wanted)),
  startsWith: (value, wanted) => String(value).startsWith(String(wanted)),
  startsWithIgnoreCase: (value, wanted) => lower(value).startsWith(lower(wanted)),
  notStartsWith: (value, wanted) => !String(value).startsWith(String(wanted)),
  endsWith: (value, wanted) => String(value).endsWith(String(wanted)),
  notEndsWith: (value, wanted) => !String(value).endsWith(String(wanted)),
};

/** Comparators that hold for what is not there. */
const HOLD_FOR_NOTHING: ReadonlySet<string> = new Set(["neq", "nin", "neqIgnoreCase", "notContains", "notContainsIgnoreCase", "notStartsWith", "notEndsWith"]);

/**
 * Whether a filter takes an object; no filter takes everything.
 *
 * @throws LinearError for a field or comparator that the stand-in does not know
 */
export function matches(value: unknown, filter: unknown): boolean {
  if (filter === undefined || filter === null) return true;
  if (!isObject(filter)) throw unknownFilter("what is no filter");
  return Object.entries(filter).every(([name, wanted]) => wanted === undefined || holds(value, name, wanted));
}

function holds(value: unknown, name: string, wanted: unknown): boolean {
  if (name === "and") return alternatives(wanted).every((each) => matches(value, each));
  if (name === "or") return alternatives(wanted).some((each) => matches(value, each));
  if (name === "null") return (value === null || value === undefined) === wanted;
  if (Array.isArray(value)) return holdsForCollection(value, name, wanted);
  if (isObject(value)) {
    if (!(name in value)) throw unknownFilter(name);
    return matches(value[name], wanted);
  }
  // A relation that is not there has no fields, and no comparator holds for it.
  if (isObject(wanted)) return false;
  const comparator = COMPARATORS[name];
  if (comparator === undefined) throw unknownFilter(name);
  return value === null || value === undefined ? HOLD_FOR_NOTHING.has(name) : comparator(value, wanted);
}

/** On a collection a plain field means "some of them". */
function holdsForCollection(values: readonly unknown[], name: string, wanted: unknown): boolean {
  if (name === "length") return matches(values.length, wanted);
  if (name === "every") return values.every((each) => matches(each, wanted));
  return values.some((each) => matches(each, name === "some" ? wanted : { [name]: wanted }));
}

function alternatives(wanted: unknown): readonly unknown[] {
  return Array.isArray(wanted) ? wanted : [wanted];
}

function unknownFilter(name: string): LinearError {
  return new LinearError("invalid input", "INVALID_INPUT", `The stand-in cannot filter by ${name}.`);
}
