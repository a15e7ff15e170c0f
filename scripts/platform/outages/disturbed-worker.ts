/**
 * Classes that fail as they are told: every method that others call asks the switchboard first. It runs inside of workerd, beside a
 * Worker's own bundle, which it changes before anything of it is called.
 */

/** What happens to one call of a method. */
export type RpcFault =
  /** It is never carried out; the caller gets an error. */
  | { readonly kind: "fail" }
  /** It is carried out; its answer is lost and the caller gets an error. */
  | { readonly kind: "lose" }
  /** The clearance among its arguments is so much older, in milliseconds. */
  | { readonly kind: "age"; readonly ms: number };

type Method = (...args: unknown[]) => unknown;
/** What an object or an entry class has as `this`. */
type Disturbed = { readonly env: { readonly OUTAGES: { fetch(url: string): Promise<{ json(): Promise<unknown> }> } } };

/** The runtime's own words for an object or a Worker that is gone; of an object it says that it may be asked again. */
function lost(site: string): Error {
  const error = new Error("Network connection lost.");
  return site.endsWith("DO") ? Object.assign(error, { retryable: true }) : error;
}

/** Timers are the object's own, and a bundle's constructor is no call. */
const LEFT_ALONE: ReadonlySet<string> = new Set(["constructor", "alarm"]);

/** Puts every method of every class that a Worker exports behind the switchboard. @param worker - its name, the first part of each site */
export function disturb(worker: string, exported: { readonly [name: string]: unknown }): void {
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value !== "function" || typeof value.prototype !== "object") continue;
    for (const [method, { value: call }] of Object.entries(Object.getOwnPropertyDescriptors(value.prototype))) {
      if (LEFT_ALONE.has(method) || typeof call !== "function") continue;
      const disturbed = disturbedMethod(`${worker}.${name}`, method, call as Method);
      Object.defineProperty(value.prototype, method, { value: disturbed, configurable: true, writable: true });
    }
  }
}

function disturbedMethod(site: string, method: string, call: Method) {
  return async function (this: Disturbed, ...args: unknown[]): Promise<unknown> {
    const query = new URLSearchParams({ kind: "rpc", site, operation: operationOf(method, args) });
    const answer = await this.env.OUTAGES.fetch(`http://switchboard/decide?${query}`);
    // The switchboard writes these words with the types of this module.
    const fault = (await answer.json()) as RpcFault | null;
    if (fault?.kind === "fail") throw lost(site);
    const given = fault?.kind === "age" ? args.map((argument) => aged(argument, fault.ms)) : args;
    const result = await Reflect.apply(call, this, given);
    if (fault?.kind === "lose") throw lost(site);
    return result;
  };
}

/** The method, and of a question to policy which actions it is about. */
function operationOf(method: string, [first]: readonly unknown[]): string {
  if (method !== "decide" || !Array.isArray(first)) return method;
  return [method, ...first.map((request: unknown) => String(fieldOf(request, "action")))].join(" ");
}

function aged(argument: unknown, ms: number): unknown {
  const clearance = fieldOf(argument, "clearance");
  const timestamp = fieldOf(clearance, "timestamp");
  if (typeof timestamp !== "string") return argument;
  const older = new Date(Date.parse(timestamp) - ms).toISOString();
  return { ...Object(argument), clearance: { ...Object(clearance), timestamp: older } };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
