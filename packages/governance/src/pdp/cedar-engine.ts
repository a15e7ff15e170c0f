/**
 * What is used of Cedar. Its WebAssembly is loaded in one way in workerd and in another in Node; both give these functions, so
 * the decision point does not know where it runs.
 *
 * @see https://docs.cedarpolicy.com
 */
import type * as cedar from "@cedar-policy/cedar-wasm/nodejs";

/** Functions of `@cedar-policy/cedar-wasm`, as the package exports them. */
export type CedarEngine = Pick<
  typeof cedar,
  "policySetTextToParts" | "policyToJson" | "preparsePolicySet" | "preparseSchema" | "statefulIsAuthorized" | "validate" | "getCedarVersion"
>;

/** Messages of Cedar on one line. */
export function cedarProblem(errors: readonly cedar.DetailedError[]): string {
  return errors.map(({ message, help }) => (help === null ? message : `${message} (${help})`)).join("; ");
}
